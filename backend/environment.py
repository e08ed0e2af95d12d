"""Reads settings from the environment: each value is used unchanged, or refused with the variable's name.

django-environ reads a value that begins with `$` as the name of another variable, keeps the spaces of `a, b`, takes any
word for False and drops letters from numbers. A secret may begin with any character, and a mistyped limit must stop the
start, so values are read here. django-environ still parses database URLs (`backend/stores.py`).

An error never repeats a value: it may be a secret.
"""

from __future__ import annotations

import math
import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
FALSE = frozenset({"0", "false", "no", "off", "n", "f", ""})


class Environment:
    """Typed access to environment variables. An unset variable has its default, and so has an empty number.
    Raises ImproperlyConfigured, which names the variable, for a value of another type."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def text(self, name: str, default: str = "") -> str:
        """Returns the value unchanged."""
        return self._variables.get(name, default)

    def choice(self, name: str, default: str, choices: Collection[str]) -> str:
        """Returns one of these words."""
        text = self.text(name).strip() or default
        if text not in choices:
            raise ImproperlyConfigured(f"{name} must be one of {', '.join(choices)}.")
        return text

    def items(self, name: str, default: list[str] | None = None) -> list[str]:
        """Returns the items between commas, without surrounding white space and without empty items."""
        if name not in self._variables:
            return list(default or [])
        return [item.strip() for item in self._variables[name].split(",") if item.strip()]

    def integer(self, name: str, default: int) -> int:
        """Returns a whole number of at least 0."""
        text = self.text(name).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(f"{name} must be a whole number of at least 0, such as {default}.")
        return int(text)

    def number(self, name: str, default: float) -> float:
        """Returns a finite number of at least 0."""
        text = self.text(name).strip()
        if not text:
            return default
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not (math.isfinite(number) and number >= 0):
            raise ImproperlyConfigured(f"{name} must be a number of at least 0, such as {default}.")
        return number

    def moment(self, name: str) -> datetime | None:
        """Returns a date (its beginning) or a time in ISO 8601, in UTC unless it says otherwise; None without one."""
        text = self.text(name).strip()
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ImproperlyConfigured(f"{name} must be a time such as 2026-12-24T12:00:00Z.") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def flag(self, name: str, default: bool = False) -> bool:
        """Returns True for 1, true, yes or on; False for 0, false, no, off, or an empty value."""
        if name not in self._variables:
            return default
        text = self.text(name).strip().lower()
        if text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be one of 1, true, yes, on, 0, false, no, off.")
        return text in TRUE
