"""Finds an account by what an operator has at hand."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError


def user_id_of(text: str, using: str) -> str:
    """Returns the id of the account with this id or this name to sign in with, such as its address. Raises LookupError
    when there is none."""
    model: Any = get_user_model()
    rows = model._base_manager.using(using)
    found = None
    try:
        found = rows.filter(pk=text).values_list("pk", flat=True).first()
    except (ValueError, ValidationError):  # no id
        found = None
    if found is None:
        name = {f"{model.USERNAME_FIELD}__iexact": text}
        found = rows.filter(**name).values_list("pk", flat=True).first()
    if found is None:
        raise LookupError(f"there is no account with the id or the {model.USERNAME_FIELD} {text!r}")
    return str(found)
