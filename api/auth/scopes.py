"""What a key is good for: a resource and an action, `messages:write`.

A view names its resource (`resource = "messages"`), and that is all: reading takes the scope `<resource>:read`, and
anything else `<resource>:write`. A view that names none is not for keys. A new resource is one more line of the table.
"""

from __future__ import annotations

from typing import Any

RESOURCES = {
    "me": "the account that the key acts as",
    "rooms": "rooms, and coming and going",
    "members": "who is in a room, and as what",
    "messages": "messages and reactions",
    "markers": "how far everybody has read",
    "dashboards": "dashboards, and who is on them",
    "metrics": "what is measured on a dashboard",
    "samples": "what was measured",
    "streams": "events, also over the socket; writing is typing and other signals",
}
READ_ONLY = frozenset({"me"})
"""Resources that no key changes."""

SCOPES = tuple(
    f"{resource}:{action}"
    for resource in RESOURCES
    for action in ("read", "write")
    if action == "read" or resource not in READ_ONLY
)
CHOICES = [(scope, scope) for scope in SCOPES]


def needed(view: Any, method: str) -> str | None:
    """The scope that this request takes; None where keys are not taken at all."""
    resource = getattr(view, "resource", None)
    scope = f"{resource}:{'read' if method in ('GET', 'HEAD') else 'write'}"
    return scope if scope in SCOPES else None


ANYWHERE = "*"
"""The binding of a view that belongs to no stream, and that confined keys may use all the same."""
