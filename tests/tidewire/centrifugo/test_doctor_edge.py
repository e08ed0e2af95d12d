"""What `manage.py doctor` says of nodes of Centrifugo and of their tables."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rig import servers
from tests.tidewire.centrifugo.broker_schema import ask
from tests.tidewire.centrifugo.node_api import NodeApi
from tidewire.centrifugo.relay import Relay
from tidewire.diagnosis.doctor.edge import look_at_edge
from tidewire.diagnosis.doctor.finding import ERROR, OK

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.shown_on("postgresql")]


def said() -> list[tuple[str, str]]:
    found = list(look_at_edge())
    assert all(bool(each.remedy) == (each.level != OK) for each in found)
    return [(each.level, each.text) for each in found]


def test_nodes_that_answer(relay: Relay, apis: list[NodeApi]) -> None:
    assert said() == [(OK, f"{apis[0].url} answers"), (OK, f"{apis[1].url} answers"), (OK, "they are known")]


def test_one_that_refuses_the_key_one_that_is_away_and_one_that_is_none(
    relay: Relay, apis: list[NodeApi], settings: Any
) -> None:
    away = f"http://127.0.0.1:{servers.free_port()}/api"
    settings.TIDEWIRE = {**settings.TIDEWIRE, "CENTRIFUGO_NODES": [apis[0].url, away, "node:8001"]}
    apis[0].status = 401
    (refused, lost, none, _) = said()
    assert refused == (ERROR, f"{apis[0].url} answers 401")
    assert (lost[0], lost[1].startswith(f"{away} does not answer")) == (ERROR, True)
    assert (none[0], none[1].startswith("node:8001 does not answer")) == (ERROR, True)


def test_tables_of_another_release(relay: Relay) -> None:
    ask("UPDATE cf_binary_stream_schema_version SET schema_version = 7 RETURNING 1")
    assert said()[-1] == (ERROR, "Centrifugo's tables have the version 7, and 1 is known")


def test_without_nodes_nothing_is_said(settings: Any) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "CENTRIFUGO_NODES": []}
    assert said() == []
