"""Many rows in one request: for collections that say how many they take at once."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError


class BatchMixin:
    """For a viewset whose collection takes a list: all of it or nothing, and an event for each row.

    What is wrong with a row is told with a pointer to it: `/3/text`.
    """

    batch_limit: int

    def items_of(self, data: Any) -> list[Any]:
        """The rows of the body. Raises ValidationError for what is no list, or too long a one."""
        if not isinstance(data, list):
            raise ValidationError([ErrorDetail("Must be a list.", "not_a_list")])
        if not 1 <= len(data) <= self.batch_limit:
            raise ValidationError([ErrorDetail(f"Must be a list of 1 to {self.batch_limit}.", "length")])
        return data


def many(component: str, limit: int) -> dict[str, Any]:
    """The schema of a batch: drf-spectacular would take a list for a page."""
    items = {"$ref": f"#/components/schemas/{component}"}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": limit}


def twice(ids: list[Any]) -> dict[int, Any]:
    """{index: error} of ids that stand in the list before."""
    seen: set[Any] = set()
    errors = {}
    for index, id in enumerate(ids):
        if id is not None and id in seen:
            errors[index] = {"id": [ErrorDetail("This id is in the list twice.", "duplicate")]}
        seen.add(id)
    return errors
