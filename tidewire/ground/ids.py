"""Identifiers: UUID version 7 (RFC 9562). They are ordered by time, so a primary key index grows at its right edge."""

import uuid

import uuid_utils.compat


def uuid7() -> uuid.UUID:
    """Returns a new UUIDv7. Those of one process compare in the order in which they were made."""
    return uuid_utils.compat.uuid7()


uuid7.__module__ = "tidewire.ids"  # as migrations of every project name it
