"""A bound key ends with the ownership of its maker: every kind of binding, every way of losing the ownership."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from api.auth import key_bindings
from api.auth.key_bindings import BINDINGS, KeyBinding
from api.models import Dashboard, DashboardMember, Key, Member, Room, User
from tests.api.conftest import Person, problem
from tests.api.test_keys import KEYS, Program, make_key, revoked_sessions
from tests.factories import make_dashboard, make_room, make_user
from tidewire import StreamKind
from tidewire.log.tables import Event
from tidewire.testing import record_now

pytestmark = pytest.mark.shown_on("sqlite")


class Place:
    """A room or a dashboard that Alice and Dora own, in which Bob is a member; and a key of Alice's for it."""

    def __init__(self, kind: str, alice: Person, dora: Person, bob: Person) -> None:
        make, self.members = {"room": (make_room, Member), "dashboard": (make_dashboard, DashboardMember)}[kind]
        self.kind, self.alice, self.dora = kind, alice, dora
        self.resource = make(alice.user, bob.user)
        self.members.objects.create(**{kind: self.resource, "user": dora.user, "role": "owner"})
        self.stream = f"{kind}:{self.resource.pk}"
        self.path = f"/api/v1/{kind}s/{self.resource.pk}/"
        self.key = make_key(alice, stream=self.stream)

    @property
    def mine(self) -> Any:
        """The queryset of Alice's membership."""
        return self.members.objects.filter(**{self.kind: self.resource}, user=self.alice.user)

    def admin_form(self, **changes: Any) -> dict[str, Any]:
        """The form of the room's page in the admin, with changes to Alice's row."""
        rows = list(self.members.objects.filter(room=self.resource).order_by("pk"))
        form: dict[str, Any] = {"name": self.resource.name, "kind": self.resource.kind}
        form |= {"members-TOTAL_FORMS": len(rows), "members-INITIAL_FORMS": len(rows)}
        for index, row in enumerate(rows):
            prefix = f"members-{index}-"
            form |= {f"{prefix}id": row.pk, f"{prefix}room": row.room_id, f"{prefix}user": row.user_id}
            form[f"{prefix}role"] = row.role
            if row.user_id == self.alice.user.pk:
                form |= {f"{prefix}{name}": value for name, value in changes.items()}
        return form


@pytest.fixture(params=["room", "dashboard"])
def place(request, alice, dora, bob) -> Place:
    return Place(request.param, alice, dora, bob)


def admin() -> Client:
    client = Client()
    client.force_login(make_user("Root", is_staff=True, is_superuser=True))
    return client


def save_role(place: Place) -> None:
    member = place.mine.get()
    member.role = "admin"
    member.save()


def move(place: Place) -> None:
    """The membership goes to another user: its ownership as well."""
    member = place.mine.get()
    member.user = make_user("Eve")
    member.save()


def move_away(place: Place) -> None:
    """The membership goes to another room or dashboard."""
    member = place.mine.get()
    setattr(member, place.kind, (make_room if place.kind == "room" else make_dashboard)())
    member.save()


def upsert(place: Place) -> None:
    row = place.mine.get()
    row.role = "member"
    place.members.objects.bulk_create([row], update_conflicts=True, unique_fields=["id"], update_fields=["role"])


def bulk_update(place: Place) -> None:
    row = place.mine.get()
    row.role = "member"
    place.members.objects.bulk_update([row], ["role"])


def close(place: Place) -> None:
    place.alice.user.is_active = False
    place.alice.user.save()


def close_by_upsert(place: Place) -> None:
    place.alice.user.is_active = False
    User.objects.bulk_create(
        [place.alice.user], update_conflicts=True, unique_fields=["id"], update_fields=["is_active"]
    )


def save_in_admin(place: Place, **changes: Any) -> None:
    answer = admin().post(f"/admin/api/room/{place.resource.pk}/change/", place.admin_form(**changes))
    assert answer.status_code == 302, answer.context["errors"]


def edit_account_in_admin(place: Place) -> None:
    user = place.alice.user
    form = {"email": user.email, "name": user.name, "password": user.password}  # without is_active
    assert admin().post(f"/admin/api/user/{user.pk}/change/", form).status_code == 302


WAYS: dict[str, Callable[[Place], Any]] = {
    "removed by another owner": lambda place: place.dora.delete(f"{place.path}members/{place.alice.id}/"),
    "left": lambda place: place.alice.delete(f"{place.path}members/{place.alice.id}/"),
    "demoted": lambda place: place.dora.patch(f"{place.path}members/{place.alice.id}/", {"role": "admin"}),
    "account deleted": lambda place: place.alice.delete("/api/v1/me/"),
    "account deleted in code": lambda place: User.objects.get(pk=place.alice.id).delete(),
    "account deleted in bulk": lambda place: User.objects.filter(pk=place.alice.id).delete(),
    "account closed": close,
    "account closed in bulk": lambda place: User.objects.filter(pk=place.alice.id).update(is_active=False),
    "account closed by an upsert": close_by_upsert,
    "account closed in the admin": edit_account_in_admin,
    "role saved": save_role,
    "role in bulk": lambda place: place.mine.update(role="member"),
    "role through the relation": lambda place: place.resource.members.filter(user=place.alice.user).update(
        role="admin"
    ),
    "role by bulk_update": bulk_update,
    "role by an upsert": upsert,
    "row deleted": lambda place: place.mine.get().delete(),
    "rows deleted": lambda place: place.mine.delete(),
    "rows deleted without signals": lambda place: place.mine._raw_delete("default"),
    "row moved to another user": move,
    "row moved elsewhere": move_away,
    "rows moved in bulk": lambda place: place.mine.update(user=make_user("Eve").pk),
}


IN_THE_ADMIN: dict[str, Callable[[Place], Any]] = {
    "removed in the admin": lambda place: save_in_admin(place, DELETE="on"),
    "demoted in the admin": lambda place: save_in_admin(place, role="member"),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_key_ends_with_the_ownership(place, way):
    check_that_it_ends(place, WAYS[way])


@pytest.mark.parametrize("way", IN_THE_ADMIN)
def test_the_key_of_a_room_ends_in_the_admin(alice, dora, bob, way):
    check_that_it_ends(Place("room", alice, dora, bob), IN_THE_ADMIN[way])


def check_that_it_ends(place: Place, lose: Callable[[Place], Any]) -> None:
    assert place.key.get(place.path).status_code == 200
    account = User.objects.get(pk=place.key.user_id)
    Event.objects.all().delete()
    lose(place)
    record_now()
    assert problem(place.key.get(place.path)) == (401, "key_invalid")
    assert place.key.id in revoked_sessions()
    assert Key.objects.get(pk=place.key.id).ended_at is not None
    account.refresh_from_db()
    assert not account.is_active
    assert not place.members.objects.filter(user=account).exists()
    # The owners are told: the event names the key.
    (event,) = Event.objects.filter(type="key.ended")
    assert event.stream.name == place.stream
    told = json.loads(event.payload)["data"]
    assert told == {"id": place.key.id, "name": "Robot", "user": {"id": place.key.user_id, "name": "Robot"}}


def test_transferring_a_room_ends_the_keys_of_the_former_owner(alice, dora, bob):
    place = Place("room", alice, dora, bob)
    others = make_key(dora, stream=place.stream)
    assert alice.post(f"{place.path}transfer/", {"user_id": bob.id}).status_code == 200
    record_now()
    assert problem(place.key.get(place.path)) == (401, "key_invalid")
    assert others.get(place.path).status_code == 200


STAYS: dict[str, Callable[[Place], Any]] = {
    "another owner leaves": lambda place: place.dora.delete(f"{place.path}members/{place.dora.id}/"),
    "another member is removed": lambda place: place.members.objects.filter(role="member").delete(),
    "demoted and promoted again at once": lambda place: (
        place.mine.update(role="member"),
        place.mine.update(role="owner"),
    ),
    "the owner has a new name": lambda place: place.alice.patch("/api/v1/me/", {"name": "Alice B."}),
    "the resource becomes public": lambda place: place.alice.patch(
        place.path, {"kind" if place.kind == "room" else "visibility": "public"}
    ),
    "saved unchanged": lambda place: place.mine.get().save(),
    "a rolled back removal": lambda place: place.dora.delete(
        f"{place.path}members/{place.alice.id}/", headers={"If-Match": '"99"'}
    ),
}


@pytest.mark.parametrize("way", STAYS)
def test_the_key_stays_with_the_ownership(place, way):
    service = place.members.objects.filter(user=place.key.user_id)
    role = service.get().role
    STAYS[way](place)
    if not service.exists():  # "another member is removed" takes the program, too
        place.resource.add_member(place.key.user_id, role)
    record_now()
    assert place.key.get(place.path).status_code == 200
    assert not Event.objects.filter(type="key.ended").exists()


def test_an_owner_hands_a_key_over_by_rotating_it(place):
    """The new key has another text, which its former maker has not seen, and the same account."""
    other = Program(place.dora.post(f"{KEYS}{place.key.id}/rotate/").json())
    place.mine.update(role="member")
    record_now()
    assert problem(place.key.get(place.path)) == (401, "key_invalid")
    assert other.get(place.path).json()["id"] == str(place.resource.pk)
    assert other.user_id == place.key.user_id


def test_a_key_that_an_owner_revokes_is_told_as_well(place):
    Event.objects.all().delete()
    assert place.dora.delete(f"{KEYS}{place.key.id}/").status_code == 204
    record_now()
    assert Event.objects.filter(type="key.ended", stream__name=place.stream).count() == 1


def test_a_key_for_oneself_is_no_key_of_a_place(place, alice):
    own = make_key(alice)
    place.mine.update(role="member")
    record_now()
    assert own.get(place.path).status_code == 200


def test_a_loss_that_no_path_of_the_orm_made_is_found_at_the_next_noted_use(place):
    """Raw SQL, or a key from before this rule."""
    from django.db import connection

    table = place.members._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET role = 'member' WHERE role = 'owner'")
    Key.objects.filter(pk=place.key.id).update(used_at=timezone.now() - timedelta(minutes=11))
    assert problem(place.key.get(place.path)) == (401, "key_invalid")
    assert place.key.id in revoked_sessions()


def test_the_names_of_streams_are_those_of_the_columns():
    """A check finds the keys of a resource by its stream's name."""
    assert {Member.resource_field, DashboardMember.resource_field} == {*BINDINGS}
    assert [BINDINGS[model.__name__.lower()].model for model in (Room, Dashboard)] == [Room, Dashboard]


def test_an_apps_own_binding_ends_its_keys_when_its_rule_changes(alice, monkeypatch):
    owners = {alice.user.pk}

    def find(user: User, id: Any, lock: bool) -> Any:
        if user.pk not in owners:
            raise key_bindings.NotFound()
        return alice.user

    kind = StreamKind("boat", may_subscribe=lambda user_id, keys: [])
    monkeypatch.setitem(BINDINGS, "boat", KeyBinding(kind, User, find))
    stream = kind(alice.id)
    keys = [make_key(alice, "me:read", stream=stream) for _ in range(2)]
    assert key_bindings.end_lost(stream) == 0
    assert keys[0].get("/api/v1/me/").status_code == 200
    owners.clear()
    Key.objects.filter(pk=keys[0].id).update(used_at=None)
    assert problem(keys[0].get("/api/v1/me/")) == (401, "key_invalid")
    assert key_bindings.end_lost(stream) == 1
    assert revoked_sessions() == {key.id for key in keys}
