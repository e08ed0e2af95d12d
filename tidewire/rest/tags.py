"""The ETag of a list: the position of its stream, where that stream has an event of every change that it shows."""

from __future__ import annotations

import hashlib
from typing import Any

from django.utils.http import parse_etags
from rest_framework.request import Request

from tidewire.log.readings import Clock, Reading, Readings

__all__ = ["Clock", "Reading", "Readings", "digest_of", "is_known", "tag_of"]


def tag_of(request: Request, digest: str, reading: Reading) -> str:
    """Returns the ETag of a list. It is weak, because the rows are read after the position and may be newer.

    `digest` stands for the schema of the rows. The address is a part of the tag: the links of a page are absolute.
    """
    parts = (
        digest,
        reading.position.channel,
        reading.position.epoch,
        reading.position.offset,
        list(reading.times),
        request.build_absolute_uri(request.path),
        sorted(request.query_params.lists()),
    )
    return f'W/"{hashlib.blake2b(repr(parts).encode(), digest_size=15).hexdigest()}"'


def is_known(request: Request, tag: str) -> bool:
    """Returns whether If-None-Match has the tag, compared weakly."""
    header = request.headers.get("If-None-Match")
    if header is None:
        return False
    known: Any = parse_etags(header)
    return known == ["*"] or tag in known or tag.removeprefix("W/") in known


def digest_of(serializer: Any) -> str:
    """Returns a text that changes with the fields of a serializer class and of those inside it."""
    return hashlib.blake2b(repr(serializer()).encode(), digest_size=8).hexdigest()
