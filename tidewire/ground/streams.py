"""Stream names, `kind:key`: the only place where they are parsed and mapped to Channels groups."""

from __future__ import annotations

import re

# A Channels group name has fewer than 100 letters, digits, "-", "_" and ".". A stream name has no dot, because `group`
# writes one in place of the colon. The longest group name has 3 + 24 + 1 + 64 = 92 characters.
_NAME = re.compile(r"([a-z][a-z0-9_]{0,23}):([A-Za-z0-9_-]{1,64})")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

REVOCATIONS = "revocations:all"
"""The revocation log. Every hub follows it, and no client can subscribe to it."""


def parse(name: str) -> tuple[str, str] | None:
    """Returns the kind and the key, `"room:0197…"` → `("room", "0197…")`, or None when `name` is no stream name."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2]) if match else None


def canonical(name: str) -> str:
    """Return the name with the letters of a UUID key in lower case: `"room:0197AF…"` → `"room:0197af…"`.

    Swift and .NET write UUIDs in capitals. Other keys may tell letters apart, so they stay as they are.
    """
    kind, _, key = name.partition(":")
    return f"{kind}:{key.lower()}" if _UUID.fullmatch(key) else name


def group(name: str) -> str:
    """Returns the Channels group of a stream. No two streams share one, and every channel layer accepts it."""
    return "tw." + name.replace(":", ".")
