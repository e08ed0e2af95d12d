from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from tests.tidewire.centrifugo import broker_schema
from tests.tidewire.centrifugo.node_api import KEY, NodeApi
from tidewire.centrifugo.nodes import Nodes
from tidewire.centrifugo.relay import Relay


@pytest.fixture(scope="module")
def _broker_tables(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Centrifugo's tables in the database of the tests, while they are needed: others ask which tables there are."""
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        broker_schema.create(cursor)
    yield
    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        broker_schema.drop(cursor)


@pytest.fixture(scope="session")
def _apis() -> Iterator[list[NodeApi]]:
    apis = [NodeApi(), NodeApi()]
    yield apis
    for api in apis:
        api.close()


@pytest.fixture
def apis(_apis: list[NodeApi]) -> list[NodeApi]:
    """The APIs of two nodes, which have been called for nothing yet."""
    for api in _apis:
        api.forget()
    return _apis


@pytest.fixture
def nodes(apis: list[NodeApi], settings: Any) -> Iterator[Nodes]:
    """Both nodes, which the settings name."""
    urls = [api.url for api in apis]
    settings.TIDEWIRE = {
        **settings.TIDEWIRE,
        "CENTRIFUGO_NODES": urls,
        "CENTRIFUGO_API_KEY": KEY,
        "CENTRIFUGO_SECRET": "s" * 40,
    }
    nodes = Nodes(urls, KEY)
    yield nodes
    nodes.close()


@pytest.fixture
def relay(_broker_tables: None, transactional_db: None, nodes: Nodes) -> Relay:
    """A relay that has not begun, with tables that are as new."""
    with connections["default"].cursor() as cursor:
        broker_schema.restore(cursor)
    return Relay(nodes)
