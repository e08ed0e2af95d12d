"""The live test apps, live for the tests of this folder only."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.tidewire.deskapp import declarations as desk
from tests.tidewire.liveapp import declarations
from tests.tidewire.liveapp.models import Board, Item
from tidewire.capture import capturing
from tidewire.declare.registry import registry
from tidewire.ground import tracing


@pytest.fixture(scope="package", autouse=True)
def _live_app() -> Iterator[None]:
    kinds, lives, touches = dict(registry.kinds), list(registry.lives), list(registry.touches)
    for declaration in (*declarations.LIVE, *desk.LIVE):
        registry.add(declaration)
    capturing.start()
    yield
    registry.kinds, registry.lives, registry.touches = kinds, lives, touches


@pytest.fixture
def board(transactional_db) -> Board:
    return Board.objects.create(name="board")


@pytest.fixture
def other_board(transactional_db) -> Board:
    return Board.objects.create(name="other board")


@pytest.fixture
def item(board) -> Item:
    return Item.objects.create(board=board, title="item")


@pytest.fixture
def spans() -> Iterator[Any]:
    """Traces on, into memory."""
    from opentelemetry.sdk.trace import TracerProvider  # loaded by the tests that trace, and by no others
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracing.start(provider)
    yield exporter
    tracing.stop()
