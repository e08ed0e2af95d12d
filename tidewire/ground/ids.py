"""Identifiers: UUID version 7 (RFC 9562), time-ordered, so that a primary key index grows at its right edge."""

import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """A new UUIDv7; two made in one process never compare in the wrong order."""
    return uuid_utils.compat.uuid7()


uuid7.__module__ = "tidewire.ids"  # migrations of every project name it so
