"""A receiver, an endpoint, and a desk: a worker whose turns a test takes itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from tests.tidewire.liveapp.models import Board, Item
from tests.tidewire.webhooks.desk import Desk
from tests.tidewire.webhooks.receiver import Receiver
from tidewire.declare.registry import registry
from tidewire.log.database import log_alias
from tidewire.webhooks import discovery, endpoints, leases
from tidewire.webhooks.notices import noticed
from tidewire.webhooks.tables import WebhookEndpoint

OWNER = "0b0f57ac-0000-7000-8000-000000000001"


@pytest.fixture(autouse=True)
def _may_send_to_this_machine(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_LOOPBACK": True, "WEBHOOK_HTTPS_ONLY": False}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def readable(monkeypatch) -> set[str]:
    """The names of the boards' streams that OWNER may read. Empty it to take the access away."""
    names: set[str] = set()

    def may_subscribe(user_id: str, keys: Any) -> set[str]:
        return {key for key in keys if user_id == OWNER and f"board:{key}" in names}

    kind = replace(registry.kinds["board"], may_subscribe=may_subscribe, readers=None)
    monkeypatch.setitem(registry.kinds, "board", kind)
    return names


@pytest.fixture
def notices() -> Iterator[list[tuple[str, str, str]]]:
    """(type, stream, reason) of what owners were told."""
    found: list[tuple[str, str, str]] = []

    def note(type: str, stream: str, reason: str, **kwargs: Any) -> None:
        found.append((type, stream, reason))

    noticed.connect(note)
    yield found
    noticed.disconnect(note)


@pytest.fixture
def make_endpoint(receiver, readable):
    """Makes an endpoint of OWNER at the receiver."""

    def make(**fields: Any) -> WebhookEndpoint:
        with transaction.atomic():
            return endpoints.create(OWNER, **{"url": receiver.url, **fields})

    return make


@pytest.fixture
def stream(board, readable) -> str:
    """The stream of a board that OWNER may read."""
    readable.add(f"board:{board.pk}")
    return f"board:{board.pk}"


@pytest.fixture
def write(board):
    """Writes events of the board: one for each title."""

    def write(*titles: str, to: Board | None = None) -> list[Item]:
        return [Item.objects.create(board=to or board, title=title) for title in titles]

    return write


@pytest.fixture
def discover():
    """Looks once for new streams of endpoints for all streams."""
    return lambda: discovery.Discovery().look()


def now() -> Any:
    return leases.database_time(log_alias())
