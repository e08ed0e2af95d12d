"""Ids in addresses. Importing this registers the path converter `id`: `path("rooms/<id:room_id>/", …)`."""

from __future__ import annotations

from uuid import UUID

from django.urls import register_converter


class IDConverter:
    """Takes a UUID in either case: Swift and .NET write capitals, and bodies take them. Addresses we make are lower."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> UUID:
        return UUID(value)

    def to_url(self, value: UUID | str) -> str:
        return str(value).lower()


register_converter(IDConverter, "id")
