"""The same request in several threads at once, on real connections."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.db.models import F

from api.auth import request_counters, sessions
from api.models import Dashboard, Key, Member, Message, Metric, Reaction, ReadMarker, Room, Session, User
from tests.api.conftest import Person, url
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, add_member, make_dashboard, make_message, make_room, make_user
from tidewire.ids import uuid7
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> Counter[int]:
    """Makes all calls at once. Returns how often each status was answered."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> int:
        try:
            barrier.wait(10)
            return call().status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return Counter(pool.map(run, calls))


@pytest.fixture
def people() -> list[Person]:
    return [Person(make_user(f"P{number}")) for number in range(4)]


def test_one_id_posted_by_four_devices_is_one_message(people):
    room = make_room(people[0].user)
    body = {"id": str(uuid7()), "text": "Ahoy"}
    devices = [Person(people[0].user) for _ in range(4)]
    answers = at_once(*(lambda d=device: d.post(url(room, "messages"), body) for device in devices))
    assert answers == {201: 1, 200: 3}
    assert Message.objects.count() == 1


class Limit:
    """A bound of the product, and eight requests that would exceed it together. `count` says what there is."""

    def __init__(self, setting: str, calls: list[Callable[[], Any]], count: Callable[[], int]) -> None:
        self.setting, self.calls, self.count = setting, calls, count


def own_keys(people: list[Person]) -> Limit:
    devices = [Person(people[0].user) for _ in range(8)]
    body = {"name": "x", "scopes": ["me:read"]}
    return Limit(
        "api.models.keys.MAX_KEYS", [lambda d=d: d.post("/api/v1/keys/", body) for d in devices], Key.objects.count
    )


def bound_keys(people: list[Person]) -> Limit:
    """Two owners of one room, each with four devices."""
    room = make_room(people[0].user)
    add_member(room, people[1].user, Member.Role.OWNER)
    body = {"name": "x", "scopes": ["me:read"], "stream": f"room:{room.pk}"}
    devices = [Person(people[n % 2].user) for n in range(8)]
    return Limit(
        "api.models.keys.MAX_KEYS", [lambda d=d: d.post("/api/v1/keys/", body) for d in devices], Key.objects.count
    )


def sessions_of_one(people: list[Person]) -> Limit:
    user = people[0].user
    Session.objects.all().delete()

    def sign_in() -> Any:
        return ContractClient().post("/api/v1/token/", {"email": user.email, "password": PASSWORD})

    return Limit("api.models.sessions.MAX_SESSIONS", [sign_in] * 8, lambda: Session.objects.alive().count())


def metrics(people: list[Person]) -> Limit:
    dashboard = make_dashboard(people[0].user)
    devices = [Person(people[0].user) for _ in range(8)]
    path = f"/api/v1/dashboards/{dashboard.pk}/metrics/"
    calls = [lambda d=d, n=n: d.post(path, {"key": f"k{n}"}) for n, d in enumerate(devices)]
    return Limit("api.models.dashboards.MAX_METRICS", calls, Metric.objects.count)


def emoji(people: list[Person]) -> Limit:
    room = make_room(people[0].user, *(person.user for person in people[1:]))
    path = url(room, "messages", make_message(room, people[0].user).pk, "reactions")
    devices = [Person(people[n % 4].user) for n in range(8)]
    faces = "😀😁😂🤣😃😄😅😆"
    calls = [lambda d=d, e=e: d.put(f"{path}{e}/") for d, e in zip(devices, faces, strict=True)]
    return Limit("api.models.messages.MAX_DISTINCT", calls, lambda: Reaction.objects.values("emoji").distinct().count())


@pytest.mark.parametrize("limit", [own_keys, bound_keys, sessions_of_one, metrics, emoji])
def test_no_limit_is_passed_by_requests_at_once(people, monkeypatch, limit):
    """Three rounds: a race is not lost every time."""
    for _ in range(3):
        tried = limit(people)
        monkeypatch.setattr(tried.setting, 3)
        at_once(*tried.calls)
        assert tried.count() == 3
        Key.objects.all().delete()
        Dashboard.objects.all().delete()
        Reaction.objects.all().delete()


def test_keys_that_rotate_at_once_do_not_pass_the_limit(people, monkeypatch):
    owner, devices = people[0].user, [Person(people[0].user) for _ in range(8)]
    keys = [Key.objects.issue(owner, made_by=owner, name="x", scopes=["me:read"]) for _ in devices]
    monkeypatch.setattr("api.models.keys.MAX_KEYS", 10)
    answers = at_once(
        *(lambda d=d, k=k: d.post(f"/api/v1/keys/{k.pk}/rotate/") for d, k in zip(devices, keys, strict=True))
    )
    assert answers == {201: 2, 409: 6}
    assert Key.objects.count() == 10


def test_two_users_who_open_the_same_direct_room_get_one(people):
    one, other = people[:2]
    calls = [(one, other), (other, one), (Person(one.user), other), (Person(other.user), one)]
    answers = at_once(*(lambda a=a, b=b: a.post(url(), {"kind": "direct", "user_id": b.id}) for a, b in calls))
    assert answers == {201: 1, 200: 3}
    assert (Room.objects.count(), Member.objects.count()) == (1, 2)


def test_joining_from_four_devices_is_one_membership(people):
    lobby = make_room(people[0].user, kind=Room.Kind.PUBLIC)
    devices = [Person(people[1].user) for _ in range(4)]
    assert at_once(*(lambda d=device: d.post(url(lobby, "join")) for device in devices)) == {201: 1, 200: 3}


def test_of_two_owners_who_leave_together_one_stays(people):
    room = make_room()
    for person in people:
        add_member(room, person.user, Member.Role.OWNER)
    answers = at_once(*(lambda p=person: p.post(url(room, "leave")) for person in people))
    assert answers == {204: 3, 409: 1}
    assert Member.objects.get().role == "owner"


def test_two_owners_who_demote_each_other(people):
    room = make_room()
    one, other = people[:2]
    for person in (one, other):
        add_member(room, person.user, Member.Role.OWNER)
    answers = at_once(
        lambda: one.patch(url(room, "members", other.id), {"role": "member"}),
        lambda: other.patch(url(room, "members", one.id), {"role": "member"}),
    )
    assert answers == {200: 1, 403: 1}


def test_one_address_registers_once():
    clients = [ContractClient() for _ in range(4)]
    body = {"email": "eve@example.com", "name": "Eve", "password": PASSWORD}
    answers = at_once(*(lambda c=client: c.post("/api/v1/users/", body) for client in clients))
    assert answers == {201: 1, 400: 3}
    assert User.objects.filter(email="eve@example.com").count() == 1


def test_four_tabs_refresh_at_once_and_all_live(people):
    """Twenty rounds: all get the same valid successor. Later, the old token ends the session."""
    user = people[0].user
    for _ in range(20):
        first = sessions.sign_in_as(user)["refresh"]
        successors: list[str] = []

        def exchange(token: str = first, successors: list[str] = successors) -> Any:
            response = ContractClient().post("/api/v1/token/refresh/", {"refresh": token})
            successors.append(response.json().get("refresh", ""))
            return response

        assert at_once(*[exchange] * 4) == {200: 4}
        assert len(set(successors)) == 1
        session = Session.objects.latest("created_at")
        assert (session.generation, session.ended_at) == (2, None)
        Session.objects.filter(pk=session.pk).update(rotated_at=F("rotated_at") - sessions.GRACE - timedelta(seconds=1))
        alive = ContractClient().post("/api/v1/token/refresh/", {"refresh": successors[0]})
        assert alive.status_code == 200
        stolen = ContractClient().post("/api/v1/token/refresh/", {"refresh": first})
        assert stolen.json()["code"] == "token_reused"
        session.refresh_from_db()
        assert session.ended_at is not None


def test_a_sign_in_and_a_new_password_do_not_cross(people):
    """In either order, no session of the old password is left."""
    alice = people[0]
    for number in range(5):
        request_counters.counter.cache_clear()  # wrong guesses of earlier rounds must not count
        new = f"a new and long enough password {number}"
        old = PASSWORD if number == 0 else f"a new and long enough password {number - 1}"
        answers = at_once(
            lambda new=new, old=old: alice.post("/api/v1/me/password/", {"current_password": old, "new_password": new}),
            *[lambda old=old: ContractClient().post("/api/v1/token/", {"email": alice.user.email, "password": old})]
            * 3,
        )
        assert answers[204] == 1
        assert set(answers) <= {204, 200, 401}
        assert Session.objects.alive().filter(user=alice.user).count() == 1


def test_two_accounts_that_share_rooms_are_deleted_at_once(people):
    for _ in range(3):
        make_room(people[0].user, *(person.user for person in people[1:]))
    message = people[1].post(url(Room.objects.first(), "messages"), {"text": "x"})["Location"]
    for person in people:
        person.put(message + "reactions/👍/")
    assert at_once(*(lambda p=person: p.delete("/api/v1/me/") for person in people)) == {204: 4}
    assert [model.objects.count() for model in (User, Room, Member, Message)] == [0, 0, 0, 0]


def test_messages_of_a_room_are_counted_without_a_gap(people):
    room = make_room(*(person.user for person in people))
    calls = [lambda p=person: p.post(url(room, "messages"), {"text": "x"}) for person in people for _ in range(3)]
    assert at_once(*calls) == {201: 12}
    assert sorted(Message.objects.values_list("number", flat=True)) == list(range(1, 13))
    assert people[0].get(url(room)).json()["me"]["unread_count"] == 9


def test_reactions_at_once(people):
    room = make_room(*(person.user for person in people))
    message = people[0].post(url(room, "messages"), {"text": "x"})
    devices = [Person(person.user) for person in people for _ in range(2)]
    answers = at_once(*(lambda d=device: d.put(message["Location"] + "reactions/👍/") for device in devices))
    assert answers == {201: 4, 200: 4}
    shown = people[0].get(message["Location"]).json()
    assert (shown["reactions"][0]["count"], shown["version"]) == (4, 5)


def test_markers_end_at_the_latest_message(people):
    room = make_room(*(person.user for person in people))
    ids = [people[0].post(url(room, "messages"), {"text": "x"}).json()["id"] for _ in range(4)]
    devices = [Person(people[1].user) for _ in ids]
    answers = at_once(
        *(lambda d=d, id=id: d.put(url(room, "read"), {"message": id}) for d, id in zip(devices, ids, strict=True))
    )
    assert answers == {200: 4}
    assert ReadMarker.objects.get().message_id.hex == ids[-1].replace("-", "")


def test_a_removed_member_writes_before_the_removal_or_not_at_all(people):
    """No event of a removed member follows the removal."""
    alice, bob = people[:2]
    for _ in range(5):
        room = make_room(alice.user, bob.user)
        devices = [Person(bob.user) for _ in range(3)]
        answers = at_once(
            lambda r=room: alice.delete(url(r, "members", bob.id)),
            *(lambda d=device, r=room: d.post(url(r, "messages"), {"text": "x"}) for device in devices),
        )
        assert set(answers) <= {204, 201, 404}
        types = list(
            Event.objects.filter(stream__name=f"room:{room.pk}").order_by("offset").values_list("type", flat=True)
        )
        assert types[-1] == "member.left"


def test_edits_that_name_a_version_do_not_overwrite_each_other(people):
    room = make_room(people[0].user)
    message = people[0].post(url(room, "messages"), {"text": "0"})
    devices = [Person(people[0].user) for _ in range(4)]
    answers = at_once(
        *(
            lambda d=device: d.patch(message["Location"], {"text": "x"}, headers={"If-Match": message["ETag"]})
            for device in devices
        )
    )
    assert answers == {200: 1, 412: 3}
    assert Message.objects.get().version == 2


def test_posting_into_a_room_that_is_being_deleted(people):
    room = make_room(people[0].user, *(person.user for person in people[1:]))
    answers = at_once(
        lambda: people[0].delete(url(room)),
        *(lambda p=person: p.post(url(room, "messages"), {"text": "x"}) for person in people[1:]),
    )
    assert answers[204] == 1
    assert set(answers) <= {204, 201, 404}
    assert not Message.objects.exists()
