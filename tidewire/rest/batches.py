"""Many rows in one request."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError


class BatchMixin:
    """For a viewset whose collection accepts a list: all rows are written or none, and each makes its own event.

    An error names the row in its pointer: `/3/text`.
    """

    batch_limit: int
    """The most rows that one request may have."""

    def items_of(self, data: Any) -> list[Any]:
        """Returns the rows of the body. Raises ValidationError unless it is a list of 1 to `batch_limit`."""
        if not isinstance(data, list):
            raise ValidationError([ErrorDetail("Must be a list.", "not_a_list")])
        if not 1 <= len(data) <= self.batch_limit:
            raise ValidationError([ErrorDetail(f"Must be a list of 1 to {self.batch_limit}.", "length")])
        return data


def many(component: str, limit: int) -> dict[str, Any]:
    """The schema of a batch. drf-spectacular would document a list as a page."""
    items = {"$ref": f"#/components/schemas/{component}"}
    return {"type": "array", "items": items, "minItems": 1, "maxItems": limit}


def repeated(ids: list[Any]) -> dict[int, Any]:
    """Returns {index: error} for each id that the list contains earlier, too."""
    seen: set[Any] = set()
    errors = {}
    for index, id in enumerate(ids):
        if id is not None and id in seen:
            errors[index] = {"id": [ErrorDetail("This id is in the list twice.", "duplicate")]}
        seen.add(id)
    return errors
