"""Identifiers, under the name that migrations know them by."""

from tidewire.ground.ids import uuid7

__all__ = ["uuid7"]
