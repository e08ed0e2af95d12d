"""Scopes of API keys: a resource and an action, such as `messages:write`.

A view names its resource (`resource = "messages"`). GET and HEAD then need the scope `<resource>:read`, every other
method `<resource>:write`, unless the view says that it only reads. A view that names none accepts no keys. A new
resource is one more line of the table.
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
    "webhooks": "webhooks and their deliveries; needs streams:read, too",
    "streams": "events, also over the socket; writing is typing and other signals",
}
READ_ONLY = frozenset({"me"})
"""Resources that no key may change."""

SCOPES = tuple(
    f"{resource}:{action}"
    for resource in RESOURCES
    for action in ("read", "write")
    if action == "read" or resource not in READ_ONLY
)
CHOICES = [(scope, scope) for scope in SCOPES]


def needed(view: Any, method: str) -> str | None:
    """Returns the scope that a key needs for this method of the view, or None when the view accepts no keys."""
    resource = getattr(view, "resource", None)
    is_reading = method in ("GET", "HEAD") or getattr(view, "is_reading", False)
    scope = f"{resource}:{'read' if is_reading else 'write'}"
    return scope if scope in SCOPES else None


ANYWHERE = "*"
"""What `get_binding` of a view returns that every bound key may use, although it belongs to no stream."""
