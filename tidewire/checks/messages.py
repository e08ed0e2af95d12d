"""What the checks say of a declaration: its file and line, its short form, what is wrong, and what to write instead."""

from __future__ import annotations

from typing import Any

from django.core import checks


def error(declaration: Any, text: str, id: str, hint: str) -> checks.Error:
    """Returns an error about a declaration. `hint` says what to write."""
    return checks.Error(f"{label(declaration)} {text}", hint=hint, obj=declaration, id=f"tidewire.{id}")


def warning(declaration: Any, text: str, id: str, hint: str) -> checks.Warning:
    """Returns a warning about a declaration. `hint` says what to write."""
    return checks.Warning(f"{label(declaration)} {text}", hint=hint, obj=declaration, id=f"tidewire.{id}")


def label(declaration: Any) -> str:
    """Returns a declaration's place and short form, such as `polls/live.py:12: Live(Poll, stream='poll')`."""
    place = getattr(declaration, "declared_at", None)
    return f"{place}: {declaration}" if place else repr(declaration)


def name_of(model: Any) -> str:
    return getattr(model, "__name__", repr(model))
