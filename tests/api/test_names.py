"""A new name raises the names clock at once; the rooms' events follow in slices."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.db.models import F, Value
from django.db.models.functions import Concat

from api.models import Member, NamesClock, User
from api.models.names import STREAMS_AT_ONCE
from tests.api.conftest import Person, url
from tests.factories import make_dashboard, make_room, make_user
from tidewire.jobs import slices
from tidewire.log.tables import Event, Stream

pytestmark = pytest.mark.django_db(transaction=True)


def save(user: User) -> None:
    user.name = "Bobby"
    user.save()


def save_the_name(user: User) -> None:
    user.name = "Bobby"
    user.save(update_fields=["name"])


def bulk_update(user: User) -> None:
    user.name = "Bobby"
    User.objects.bulk_update([user], ["name"])


def upsert(user: User) -> None:
    row = User(pk=user.pk, email=user.email, name="Bobby", password=user.password)
    User.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["name"])


def load_a_fixture(user: User) -> None:
    from django.core import serializers

    user.name = "Bobby"
    for found in serializers.deserialize("json", serializers.serialize("json", [user])):
        found.save()


WAYS: dict[str, Any] = {
    "save": save,
    "save of the name": save_the_name,
    "update": lambda user: User.objects.filter(pk=user.pk).update(name="Bobby"),
    "update by an expression": lambda user: User.objects.filter(pk=user.pk).update(name=Concat(F("name"), Value("by"))),
    "update of a related set": lambda user: User.objects.filter(memberships__user=user).update(name="Bobby"),
    "update_or_create": lambda user: User.objects.update_or_create(pk=user.pk, defaults={"name": "Bobby"}),
    "the base manager": lambda user: User._base_manager.filter(pk=user.pk).update(name="Bobby"),
    "bulk_update": bulk_update,
    "upsert": upsert,
    "a fixture": load_a_fixture,
    "PATCH me/": lambda user: Person(user).patch("/api/v1/me/", {"name": "Bobby"}),
}


def names_clock() -> int:
    return NamesClock.objects.values_list("time", flat=True).first() or 0


def room_updates() -> list[str]:
    return list(Event.objects.filter(type="member.updated").order_by("at").values_list("stream__name", flat=True))


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_rename_raises_the_clock_once_and_reaches_the_rooms(room, bob, way):
    board = make_dashboard(bob.user)
    before, heads = names_clock(), dict(Stream.objects.values_list("name", "head"))
    WAYS[way](User.objects.get(pk=bob.user.pk))
    assert User.objects.get(pk=bob.user.pk).name.startswith("Bob")
    assert names_clock() == before + 1
    assert dict(Stream.objects.values_list("name", "head")) == heads, "the rename's transaction locks no stream"
    slices.run_all()
    assert sorted(room_updates()) == [f"dashboard:{board.pk}", f"room:{room.pk}"]


def test_no_new_name_no_tick(room, bob):
    before = names_clock()
    user = User.objects.get(pk=bob.user.pk)
    user.save()
    user.save(update_fields=["last_login"])
    User.objects.update(name=F("name"))
    make_user("Another")
    User.objects.filter(pk=user.pk).update(is_staff=False)
    with transaction.atomic():
        save(user)
        transaction.set_rollback(True)
    assert (names_clock(), slices.pending()["announce_name"]) == (before, 0)


def test_a_member_of_many_rooms_is_renamed_in_slices(alice, bob):
    rooms = [make_room(alice.user, bob.user) for _ in range(STREAMS_AT_ONCE + 3)]
    assert bob.patch("/api/v1/me/", {"name": "Bobby"}).status_code == 200
    assert room_updates() == []
    slices.run_slice()
    assert len(room_updates()) == STREAMS_AT_ONCE
    slices.run_all()
    assert sorted(room_updates()) == sorted(f"room:{room.pk}" for room in rooms)
    assert set(Member.objects.filter(user=bob.user).values_list("version", flat=True)) == {2}


def test_a_second_name_reaches_every_room_last(alice, bob):
    rooms = [make_room(alice.user, bob.user) for _ in range(STREAMS_AT_ONCE + 1)]
    bob.patch("/api/v1/me/", {"name": "Bobby"})
    slices.run_slice()
    bob.patch("/api/v1/me/", {"name": "Robert"})
    slices.run_all()
    for room in rooms:
        last = Event.objects.filter(stream__name=f"room:{room.pk}").latest("offset")
        assert (last.type, '"name":"Robert"' in last.payload) == ("member.updated", True)
    assert alice.get(url(rooms[0], "members", bob.id)).json()["user"]["name"] == "Robert"
