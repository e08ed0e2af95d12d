"""An ETag covers everything that is shown: whatever changes by any way of writing, the old tag is no 304."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import Model
from django.urls import get_resolver
from rest_framework import serializers

from api.models import Member, Message, Metric, Room, User
from tests.api.conftest import url
from tests.factories import make_message
from tidewire.rest.preconditions import VersionMixin
from tidewire.testing import record_now


def views(patterns: Any = None) -> set[type]:
    """All view sets that are reachable by an address and have versions."""
    found = set()
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        view = getattr(getattr(pattern, "callback", None), "cls", None)
        if view is not None and issubclass(view, VersionMixin):
            found.add(view)
        found |= views(getattr(pattern, "url_patterns", ()))
    return found


def shown_from_elsewhere(serializer: serializers.BaseSerializer, model: type[Model]) -> list[str]:
    """The fields that show something that is no column of the versioned row."""
    columns = {column for field in model._meta.concrete_fields for column in (field.name, field.attname)}
    strangers = []
    for name, field in serializer.fields.items():
        is_column = field.source in columns and not isinstance(field, serializers.BaseSerializer)
        is_nested = field.source == "*" and isinstance(field, serializers.Serializer)
        if is_nested:
            strangers += [f"{name}.{inner}" for inner in shown_from_elsewhere(field, model)]
        elif not is_column:
            strangers.append(name)
    return strangers


def test_the_walk_finds_the_views_and_what_they_show():
    assert {view.__name__ for view in views()} >= {"MeViewSet", "MessageViewSet", "MetricViewSet", "RoomViewSet"}
    from api.serializers.messages import MessageSerializer
    from api.serializers.metrics import MetricSerializer

    assert {"author", "reactions"} <= {*shown_from_elsewhere(MessageSerializer(), Message)}
    assert "latest" in shown_from_elsewhere(MetricSerializer(), Metric)


@pytest.mark.parametrize("view", sorted(views(), key=lambda view: view.__name__), ids=lambda view: view.__name__)
def test_a_view_that_answers_304_shows_columns_of_its_row_only(view):
    """So the next field that comes from another row fails here, and not at a client that keeps what is old."""
    if not view.is_cacheable:
        return
    serializer = view.serializer_class()
    assert shown_from_elsewhere(serializer, serializer.Meta.model) == []


CHANGES = {
    "save": lambda user: (setattr(user, "name", "Robert"), user.save()),
    "save of the field": lambda user: (setattr(user, "name", "Robert"), user.save(update_fields=["name"])),
    "update": lambda user: User.objects.filter(pk=user.pk).update(name="Robert"),
    "bulk_update": lambda user: (setattr(user, "name", "Robert"), User.objects.bulk_update([user], ["name"])),
    "related manager": lambda user: User._base_manager.filter(pk=user.pk).update(name="Robert"),
}


@pytest.mark.parametrize("way", CHANGES)
def test_every_way_of_writing_what_is_shown_asks_for_a_new_tag(bob, way):
    tag = bob.get("/api/v1/me/")["ETag"]
    assert bob.get("/api/v1/me/", headers={"If-None-Match": tag}).status_code == 304
    CHANGES[way](User.objects.get(pk=bob.user.pk))
    answer = bob.get("/api/v1/me/", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["name"]) == (200, "Robert")


def test_what_is_shown_of_another_row_is_never_a_304(room, alice, bob):
    message = make_message(room, bob.user, "Ahoy")
    board = alice.post("/api/v1/dashboards/", {"name": "Boiler"}).json()["id"]
    metric = alice.post(f"/api/v1/dashboards/{board}/metrics/", {"key": "heat"}).json()["id"]
    paths = {
        url(room, "messages", message.pk): lambda: User.objects.filter(pk=bob.user.pk).update(name="Robert"),
        url(room, "members", bob.user.pk): lambda: User.objects.filter(pk=bob.user.pk).update(name="Rob"),
        f"/api/v1/metrics/{metric}/": lambda: alice.post(f"/api/v1/metrics/{metric}/samples/", {"value": 7}),
        url(room): lambda: Member.objects.filter(room=room, user=alice.user).update(role="admin"),
    }
    for path, change in paths.items():
        before = alice.get(path)
        change()
        record_now()
        after = alice.get(path, headers={"If-None-Match": before["ETag"]})
        assert after.status_code == 200, path
        assert after.json() != before.json(), path
    assert Room.objects.filter(pk=room.pk).exists()
