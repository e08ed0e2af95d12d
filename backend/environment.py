"""Reads settings from the environment: each value is taken as it stands, or refused by the variable's name.

django-environ reads a value that begins with `$` as the name of another variable, keeps the spaces of `a, b`, takes any
word for False and drops letters from numbers. A secret may begin with any character, and a mistyped limit must stop the
start, so values are read here. django-environ still parses database URLs (`backend/stores.py`).

An error never repeats a value: it may be a secret.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

from django.core.exceptions import ImproperlyConfigured

TRUE = frozenset({"1", "true", "yes", "on", "y", "t"})
FALSE = frozenset({"0", "false", "no", "off", "n", "f", ""})


class Environment:
    """Typed reads of environment variables. A variable that is not set has its default, and so have numbers that are
    empty. Raises ImproperlyConfigured, which names the variable, for a value of another type."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def text(self, name: str, default: str = "") -> str:
        """The value as it stands."""
        return self._variables.get(name, default)

    def items(self, name: str, default: list[str] | None = None) -> list[str]:
        """The items between commas, without the white space around them and without empty ones."""
        if name not in self._variables:
            return list(default or [])
        return [item.strip() for item in self._variables[name].split(",") if item.strip()]

    def integer(self, name: str, default: int) -> int:
        """A whole number of at least 0."""
        text = self.text(name).strip()
        if not text:
            return default
        if not (text.isascii() and text.isdigit()):
            raise ImproperlyConfigured(f"{name} must be a whole number of at least 0, such as {default}.")
        return int(text)

    def number(self, name: str, default: float) -> float:
        """A finite number of at least 0."""
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

    def flag(self, name: str, default: bool = False) -> bool:
        """1, true, yes or on; 0, false, no, off, or empty."""
        if name not in self._variables:
            return default
        text = self.text(name).strip().lower()
        if text not in TRUE | FALSE:
            raise ImproperlyConfigured(f"{name} must be one of 1, true, yes, on, 0, false, no, off.")
        return text in TRUE
