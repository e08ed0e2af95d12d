"""Maps the suites' channels to streams, and back.

A channel is any text, but a stream's key is not. A channel that does not fit is hashed, and the hash is remembered.
"""

from __future__ import annotations

import hashlib
import re

from tidewire import Retention, StreamKind

_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,63}")
_hashed: dict[str, str] = {}


def _open(name: str, history: int, has_presence: bool = False) -> StreamKind:
    return StreamKind(
        name,
        may_subscribe=lambda user_id, keys: set(keys),
        has_presence=has_presence,
        keeps_access=True,
        retention=Retention(events=history, seconds=0),
    )


WITHOUT_NAMESPACE = _open("open", history=100, has_presence=True)
NAMESPACES = {
    "recovery": _open("recovery", history=100),
    "smallhistory": _open("smallhistory", history=2),
    "delta": _open("delta", history=100),
}
KINDS = (WITHOUT_NAMESPACE, *NAMESPACES.values())


def stream_of(channel: str) -> str | None:
    """Returns the stream of a channel; None when its namespace does not exist."""
    namespace, colon, rest = channel.partition(":")
    kind = NAMESPACES.get(namespace) if colon else WITHOUT_NAMESPACE
    if kind is None or not channel or len(channel) > 255:
        return None
    key = rest if colon else channel
    if not _KEY.fullmatch(key):
        digest = "-" + hashlib.sha256(key.encode()).hexdigest()[:40]
        _hashed[digest] = key
        key = digest
    return kind(key)


def channel_of(stream: str) -> str:
    kind, _, key = stream.partition(":")
    key = _hashed.get(key, key)
    return key if kind == WITHOUT_NAMESPACE.name else f"{kind}:{key}"
