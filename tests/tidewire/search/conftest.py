"""Items of the test app are searched by their title and slug, and tickets, whose model is not ours, by their title."""

from __future__ import annotations

import pytest
from rest_framework import serializers

from tests.tidewire.deskapp.declarations import TicketSerializer, projects
from tests.tidewire.deskapp.models import Ticket
from tests.tidewire.liveapp.declarations import boards
from tests.tidewire.liveapp.models import Item
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.search import installing


class ItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = Item
        fields = ["id", "title", "slug"]


SEARCHED_ITEM = Live(Item, stream=boards.of("board_id"), serializer=ItemSerializer, searched=("title", "slug"))
SEARCHED_TICKET = Live(Ticket, stream=projects.of("project_id"), serializer=TicketSerializer, searched=("title",))


@pytest.fixture
def searched(db, monkeypatch) -> None:
    monkeypatch.setattr(registry, "lives", [*registry.lives, SEARCHED_ITEM, SEARCHED_TICKET])
    installing.install("default")
