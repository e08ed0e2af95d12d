"""One round of the feed, from a bookmark to the end of what is new."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.replicas.world import Client
from tests.rig.raw import Json


@dataclass
class Copied:
    """What the round brought, and the bookmark after it."""

    bookmark: str
    events: dict[str, list[Json]] = field(default_factory=dict)
    """{stream: its events, in the order of the pages}"""
    named: set[str] = field(default_factory=set)
    """Streams that a change or an event names."""
    lost: set[str] = field(default_factory=set)
    """Those whose log does not go on from the bookmark."""
    has_ended: bool = False
    """Whether the round came to its end in PAGES."""


PAGES = 40
"""More than one round can have. A server that believes a replica which is behind promises more events for ever."""


def copy_feed(client: Client, bookmark: str) -> Copied:
    copied = Copied(bookmark)
    for _ in range(PAGES):
        body = {"bookmark": copied.bookmark, "kind": "room", "limit": 500}
        page = client.send("POST", "/streams/feed/", 200, body).json()
        for change in page["changes"]:
            copied.named.add(change["stream"]["channel"])
            if change["change"] == "reset":
                copied.lost.add(change["stream"]["channel"])
        for entry in page["results"]:
            copied.named.add(entry["channel"])
            copied.events.setdefault(entry["channel"], []).append(entry)
        copied.bookmark = page["bookmark"]
        if not page["has_more"]:
            copied.has_ended = True
            break
    return copied
