"""Ids in addresses. Importing this registers the path converter `id`: `path("rooms/<id:room_id>/", …)`."""

from __future__ import annotations

from uuid import UUID

from django.urls import register_converter


class IDConverter:
    """Accepts a UUID in either case, because Swift and .NET write capitals. Makes addresses in lower case."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        return UUID(value)

    def to_url(self, value: UUID | str) -> str:
        return str(value).lower()


register_converter(IDConverter, "id")
