"""A declaration that searches the wrong columns is refused, by name and with a hint."""

from __future__ import annotations

import pytest
from django.core import checks
from rest_framework import serializers

from tests.tidewire.deskapp.models import Incident, Ticket
from tests.tidewire.liveapp.declarations import boards
from tests.tidewire.liveapp.models import Item
from tidewire.declare.live import Live
from tidewire.declare.registry import registry


class TextSerializer(serializers.Serializer):
    title = serializers.CharField()
    slug = serializers.CharField(write_only=True)
    rank = serializers.CharField()
    label = serializers.CharField(source="slug")


class TitleSerializer(serializers.Serializer):
    title = serializers.CharField()


class OwnPassageSerializer(TextSerializer):
    highlight = serializers.CharField(source="title")


def problems(monkeypatch, searched, model=Item, serializer=TextSerializer) -> list[tuple[str, str, str]]:
    """Returns (id, what is wrong, hint) of each."""
    declared = Live(model, stream=boards.of("id"), serializer=serializer, searched=searched)
    monkeypatch.setattr(registry, "lives", [declared])
    monkeypatch.setattr(registry, "kinds", {"board": boards})
    monkeypatch.setattr(registry, "touches", [])
    found = checks.run_checks(tags=["tidewire"])
    return [(each.id, each.msg, each.hint) for each in found if each.id != "tidewire.W132"]


def test_a_text_that_is_shown(monkeypatch):
    assert problems(monkeypatch, ("title",)) == []


@pytest.mark.parametrize(
    ("searched", "wrong", "hint"),
    [
        ("title", "is one text", "searched=('title',)"),
        (("titel",), "'titel', which is no text of Item", "title, slug"),
        (("rank",), "'rank', which is no text of Item", "title, slug"),
        (("labels",), "'labels', which is no text of Item", "title, slug"),
        (("owner__name",), "'owner__name', which is no text of Item", "title, slug"),
        ((1,), "1, which is no text of Item", "title, slug"),
        (("slug",), "'slug', which its readers do not see", "Show 'slug'"),
    ],
)
def test_a_column_that_cannot_be_searched(monkeypatch, searched, wrong, hint):
    ((id, text, advice),) = problems(monkeypatch, searched)
    assert id == "tidewire.E140"
    assert wrong in text
    assert hint in advice


def test_a_column_of_the_parents_table(monkeypatch):
    """A row of a child has its title in another table."""
    ((id, text, advice),) = problems(monkeypatch, ("title",), Incident, TitleSerializer)
    assert (id, "'title', which is no text of Incident" in text, "it has none" in advice) == (
        "tidewire.E140",
        True,
        True,
    )
    assert problems(monkeypatch, ("title",), Ticket, TitleSerializer) == []


def test_a_field_with_the_name_of_the_passage(monkeypatch):
    ((id, text, _),) = problems(monkeypatch, ("title",), serializer=OwnPassageSerializer)
    assert (id, "a field 'highlight' of its own" in text) == ("tidewire.E140", True)
