"""Signatures of the messages on the channel layer: only what a process with the same secret has sent is believed.

Everything that can reach Redis can publish there. So each message carries a keyed hash of its content, under a key that
is derived from SECRET_KEY. While a secret is replaced, messages under those of SECRET_KEY_FALLBACKS are accepted, too.
The hash also covers the time of sending: a message that was copied cannot be sent again much later.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from hmac import compare_digest
from typing import Any

from django.conf import settings

Message = dict[str, Any]
"""A message of the channel layer: plain values, because layers pack it with msgpack."""

VERSION = 2
MAX_AGE_SECONDS = 300.0
"""How far the time of sending may be from ours. Above the difference between the clocks of two processes."""

_PERSON = b"tidewire.layer"  # keeps the key apart from others that are derived from the same secret
_MAC_BYTES = 16


class RefusedMessageError(ValueError):
    """The message was not sent by one of our processes, or too long ago. `reason` is a label of a metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def sign(type: str, body: bytes) -> Message:
    """Returns the message of this type and body, as it is sent now."""
    at = time.time()
    key = _key(settings.SECRET_KEY)
    return {"type": type, "v": VERSION, "at": at, "body": body, "mac": _mac(key, type, at, body)}


def verify(message: object) -> tuple[str, bytes] | None:
    """Returns the type and the body of a message that one of our processes has signed, or None for another version.

    Raises RefusedMessageError for any other.
    """
    if not isinstance(message, dict):
        raise RefusedMessageError("unsigned")
    version, type, at, body, mac = (message.get(name) for name in ("v", "type", "at", "body", "mac"))
    if isinstance(version, int) and version > VERSION:
        return None
    if not (isinstance(type, str) and isinstance(at, float) and isinstance(body, bytes) and isinstance(mac, bytes)):
        raise RefusedMessageError("unsigned")
    if not any(compare_digest(mac, _mac(key, type, at, body)) for key in _keys()):
        raise RefusedMessageError("forged")
    if abs(time.time() - at) > MAX_AGE_SECONDS:
        raise RefusedMessageError("stale")
    return type, body


def _mac(key: bytes, type: str, at: float, body: bytes) -> bytes:
    """Returns the keyed hash. The head ends at the first newline, which no type contains."""
    digest = blake2b(f"{VERSION} {at!r} {type}\n".encode(), digest_size=_MAC_BYTES, key=key)
    digest.update(body)
    return digest.digest()


def _keys() -> Iterator[bytes]:
    yield _key(settings.SECRET_KEY)
    for secret in settings.SECRET_KEY_FALLBACKS:
        yield _key(secret)


@lru_cache(maxsize=16)
def _key(secret: str | bytes) -> bytes:
    """Returns the 64 bytes of key that belong to a secret."""
    return blake2b(secret.encode() if isinstance(secret, str) else secret, person=_PERSON).digest()
