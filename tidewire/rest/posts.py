"""POST to a collection: an id that the client may make, so that sending it again creates nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from rest_framework.response import Response

from tidewire.rest.conflicts import Conflict

M = TypeVar("M", bound=Model)


def find_posted(id: UUID | None, mine: Callable[[], QuerySet[M]], name: str) -> M | None:
    """Returns the row that an earlier POST with this id created, or None. `mine()` are the caller's rows.

    Raises Conflict when the id belongs to another row; `name` is the word for a row in its text. No query without an
    id, one for an id that is new, two for one that is not.
    """
    if id is None:
        return None
    rows = mine()
    if not rows.model._default_manager.filter(pk=id).exists():
        return None
    row = rows.filter(pk=id).first()
    if row is None:
        raise Conflict("id_taken", f"This id belongs to another {name}.")
    return row


def posted(data: Any, location: str, *, is_new: bool) -> Response:
    """The answer to a POST: 201 for a new row, 200 for one that an earlier POST created."""
    return Response(data, status=201 if is_new else 200, headers={"Location": location})
