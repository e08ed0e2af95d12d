"""The copy of a room's messages that a client application keeps: made from a REST list and the events after it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.sdk.agents import SdkEvent

Json = dict[str, Any]


class Copy:
    """Messages by id, kept up to date by events. Applying an event twice, or late, changes nothing."""

    def __init__(self, messages: Iterable[Json] = ()) -> None:
        self._messages = {message["id"]: message for message in messages}

    def apply(self, event: Json) -> None:
        data = event["data"]
        if event["type"] == "message.deleted":
            self._messages.pop(data["id"], None)
        elif event["type"].startswith("message."):
            known = self._messages.get(data["id"])
            if known is None or known["version"] <= data["version"]:
                self._messages[data["id"]] = data

    def apply_all(self, publications: Iterable[SdkEvent]) -> Copy:
        for publication in publications:
            self.apply(publication.data)
        return self

    def listed(self) -> list[Json]:
        """Returns them in the order of a REST list: newest first."""
        return sorted(self._messages.values(), key=lambda each: (each["created_at"], each["id"]), reverse=True)


def types(publications: Iterable[SdkEvent]) -> list[str]:
    return [publication.data["type"] for publication in publications]


def texts(publications: Iterable[SdkEvent]) -> list[str]:
    return [each.data["data"]["text"] for each in publications if each.data["type"] == "message.created"]
