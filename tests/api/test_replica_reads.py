"""Which server answers each read of the API when there is a replica: what the table of docs/scaling.md says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from api.models import Room
from tests.api.conftest import Person
from tests.factories import make_dashboard, make_message, make_metric, make_room
from tests.rig.servers import PostgreSQL
from tests.rig.site import ROOT
from tests.rig.standby import catch_up, outcomes, paused
from tidewire.log import replicas

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.shown_on("postgresql"),
]

PREFIX = "api/v1/"
STREAM, ALL, PRIMARY = "stream", "all", "primary"
POSTED = {"streams/feed/": {}}
"""Addresses that are read from by POST, with a body."""


def reads(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Yields the address of each read of the API, such as `rooms/{room_id}/messages/`."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from reads(entry.url_patterns, route)
        elif isinstance(entry, URLPattern) and route.startswith(PREFIX):
            address = re.sub(r"<\w+:(\w+)>", r"{\1}", route.removeprefix(PREFIX))
            if "get" in getattr(entry.callback, "actions", {}) or address in POSTED:
                yield address


def table() -> dict[str, str]:
    """Returns {address: rule} of the page. Addresses that it does not name are read from the primary."""
    page = (ROOT / "docs" / "scaling.md").read_text()
    rows = re.findall(r"(?m)^\| (.+?) \| (.+?) \|$", page.partition("### Which reads")[2].partition("\n#")[0])
    rules = {"its stream": STREAM, "everything": ALL}
    return {
        address: rules[rule]
        for rule, named in ((words[0].split(":")[0], words[1]) for words in rows)
        if rule in rules
        for address in re.findall(r"`([^`?]+/)(?:\?…)?`", named)
    }


@pytest.fixture(autouse=True)
def _fresh(standby: PostgreSQL, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(replicas, "_replica", replicas._Replica())
    settings.TIDEWIRE = settings.TIDEWIRE | {"REPLICA_WAIT_SECONDS": 0.2}


@pytest.fixture
def names(alice: Person, room: Room) -> dict[str, str]:
    """What stands for each parameter of an address."""
    message = make_message(room, alice.user, "Ahoy")
    metric = make_metric(make_dashboard(alice.user))
    key = alice.post("/api/v1/keys/", {"name": "key", "scopes": ["read"]})
    hook = alice.post("/api/v1/webhooks/", {"url": "https://example.com/hook"})
    found = {"room_id": room.pk, "message_id": message.pk, "user_id": alice.id, "name": f"room:{room.pk}"}
    found |= {"dashboard_id": metric.dashboard_id, "metric_id": metric.pk, "delivery_id": room.pk}
    found |= {"key_id": key.json().get("id", room.pk), "webhook_id": hook.json().get("id", room.pk)}
    return {name: str(value) for name, value in found.items()}


class Asked:
    """Asks an address and tells which server had the rows."""

    def __init__(self, person: Person, names: dict[str, str], standby: PostgreSQL, other: Room) -> None:
        self._person, self._names, self._standby, self._other = person, names, standby, other
        self._limit = 2

    def rule_of(self, address: str, query: str = "") -> str:
        """Asks again for what a replica has served, while it lacks a write to another stream. The feed reads that one,
        too."""
        catch_up()
        if self._outcomes_of(address, query) == Counter():
            return PRIMARY
        with paused(self._standby):
            make_message(self._other, self._person.user, "elsewhere")
            found = self._outcomes_of(address, query)
        assert set(found) <= {"replica", "behind"}, f"{address}: {found}"
        return STREAM if "replica" in found else ALL

    def _outcomes_of(self, address: str, query: str) -> Counter[str]:
        before = Counter(outcomes())
        answer = self._ask(address, query)
        assert answer.status_code in (200, 404), f"{address}: {answer.status_code} {answer.content!r}"
        return Counter(outcomes()) - before

    def _ask(self, address: str, query: str) -> Any:
        """Asks for a page of another size each time, because pages are kept."""
        path = f"/{PREFIX}{re.sub('{([a-z_]+)}', lambda match: self._names[match[1]], address)}"
        if address in POSTED:
            return self._person.post(path, POSTED[address])
        self._limit += 1
        answer = self._person.get(f"{path}?limit={self._limit}{query}")
        return self._person.get(path) if answer.status_code == 400 else answer


@pytest.fixture
def asked(alice: Person, names: dict[str, str], standby: PostgreSQL) -> Callable[..., str]:
    return Asked(alice, names, standby, make_room(alice.user)).rule_of


def test_the_table_names_each_read_that_a_replica_may_serve(asked: Callable[..., str]) -> None:
    queries = {address: "&q=Ahoy" for address in reads() if "search" in address}
    found = {address: asked(address, queries.get(address, "")) for address in reads()}
    assert len(found) > 25
    assert {address: rule for address, rule in found.items() if rule != PRIMARY} == table()


def test_a_list_with_a_filter_needs_everything(asked: Callable[..., str], alice: Person) -> None:
    for address, rule in table().items():
        if rule == STREAM and address.endswith("messages/"):
            assert asked(address, f"&author={alice.id}") == ALL
