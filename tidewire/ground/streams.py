"""Stream names: `kind:key`. Built, parsed and mapped to a Channels group here and nowhere else."""

from __future__ import annotations

import re

# The alphabet is what a Channels group name may hold (letters, digits, "-", "_", "."; fewer than 100 characters), less
# the dot, which `group` uses in place of the colon: 3 + 24 + 1 + 64 = 92 characters at the most.
_NAME = re.compile(r"([a-z][a-z0-9_]{0,23}):([A-Za-z0-9_-]{1,64})")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

REVOCATIONS = "revocations:all"
"""The log of what ended everywhere at once: sessions, keys. Hubs follow it; nobody can subscribe to it."""


def parse(name: str) -> tuple[str, str] | None:
    """`"room:0197…"` → `("room", "0197…")`; None when `name` is not a stream name."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2]) if match else None


def canonical(name: str) -> str:
    """Return the name with the letters of a UUID key in lower case: `"room:0197AF…"` → `"room:0197af…"`.

    Swift and .NET write UUIDs in capitals. Other keys may tell letters apart, so they stay as they are.
    """
    kind, _, key = name.partition(":")
    return f"{kind}:{key.lower()}" if _UUID.fullmatch(key) else name


def group(name: str) -> str:
    """The Channels group of a stream: injective, and valid on every channel layer."""
    return "tw." + name.replace(":", ".")
