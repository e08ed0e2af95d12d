"""A large account is hidden at once and erased in slices, which may end anywhere and are resumed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.models import Member, Message, Reaction, Room, User, erasure
from api.models.messages import Mention
from tests.api.conftest import Person, problem, url
from tests.api.test_names import names_clock
from tests.factories import add_member, make_dashboard, make_message, make_room, make_user
from tests.rig.verify import figure
from tests.tidewire.threads import Writer
from tidewire import Actor, acting_as
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.jobs import slices
from tidewire.log import pages
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, HiddenUser
from tidewire.logbook import writing
from tidewire.models import Answer, EdgeSubscription, Job, WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

ME = "/api/v1/me/"
SECRET = "quuxian secret"


@pytest.fixture
def small_slices(monkeypatch) -> None:
    """Slices of five rows, and of one membership: the same steps with less to wait for."""
    monkeypatch.setattr(erasure, "SLICE", 5)
    monkeypatch.setattr(erasure, "MEMBERSHIPS_AT_ONCE", 1)


@pytest.fixture
def quux(db) -> Person:
    return Person(make_user("Robert Quux", email="quux@example.com"))


def fill(quux: Person, alice: Person, size: int) -> Room:
    """Gives the account much of everything: messages, also deleted ones, reactions both ways, mentions, answers."""
    room = make_room(alice.user, quux.user)
    make_room(quux.user)
    make_dashboard(quux.user, alice.user)
    hers = [make_message(room, alice.user, mentions=[quux.id]) for _ in range(3)]
    Mention.objects.bulk_create(Mention(message=message, user=quux.user) for message in hers)
    with acting_as(Actor("user", quux.id)):
        his = [Message(room=room, author=quux.user, text=f"{SECRET} {n}") for n in range(size)]
        Message.objects.bulk_create(his)
        Reaction.objects.bulk_create(Reaction(message=message, user=quux.user, emoji="👍") for message in hers)
    Reaction.objects.bulk_create(Reaction(message=message, user=alice.user, emoji="❤️") for message in his[:7])
    his[0].soft_delete()
    for n in range(3):
        body, headers = {"text": f"{SECRET} by key {n}"}, {"Idempotency-Key": f"key-{n}"}
        assert quux.post(url(room, "messages"), body, headers=headers).status_code == 201
    WebhookEndpoint.objects.create(owner=quux.id, url=f"https://example.com/{SECRET}", scanned_at=timezone.now())
    at_node = {"user": quux.id, "session": "s", "asked_at": timezone.now()}
    EdgeSubscription.objects.bulk_create(
        EdgeSubscription(client=str(n), stream=f"room:{room.pk}", **at_node) for n in range(3)
    )
    opened = ConnectionState("quux's", quux.id, "", "192.0.2.3", SECRET, "websocket", time.time())
    writing.write(ProcessState("p", "one", 7, time.time()), [opened, replace(opened, id="his other")], log_alias())
    return room


def assert_hidden(room: Room, alice: Person) -> None:
    """Nothing of the account can be read, and its address is free."""
    for path in ("messages", "members"):
        assert "quux" not in json.dumps(alice.get(url(room, path)).json()).lower()
    his = Message.objects.filter(author__email__endswith="@erased.invalid", deleted_at=None).first()
    if his is not None:
        assert problem(alice.get(url(room, "messages", his.pk)))[0] == 404
    name = f"room:{room.pk}"
    after = 0
    head = alice.get(f"/api/v1/streams/{name}/").json()["offset"]
    while after < head:
        answer = alice.get(f"/api/v1/streams/{name}/events/?after={after}&limit=50")
        assert answer.status_code in (200, 410)
        assert "quux" not in answer.content.decode().lower()
        after += 50
    for page in (pages.read_after(name, 0), pages.read_before(name, None)):
        assert "quux" not in "".join(entry.payload for entry in page.entries).lower()


def assert_erased(quux: Person, tmp_path: Any) -> None:
    call_command("dumpdata", output=str(tmp_path / "all.json"))
    text = (tmp_path / "all.json").read_text().lower()
    assert "quux" not in text
    assert not User.objects.filter(pk=quux.id).exists()
    assert not Event.objects.filter(actor=quux.id).exists()
    assert not Event.objects.filter(payload__contains=f'"id":"{quux.id}"').exclude(type="member.left").exists()
    assert not Answer.objects.filter(account=quux.id).exists()
    assert (Job.objects.count(), HiddenUser.objects.count(), Mention.objects.count()) == (0, 0, 0)
    assert set(Message.objects.values_list("author__name", flat=True)) <= {"Alice", None}


def test_a_large_account_is_hidden_when_the_request_is_answered(alice, quux, small_slices, tmp_path):
    room = fill(quux, alice, 20)
    clock = names_clock()
    assert quux.delete(ME).status_code == 204

    assert problem(quux.get(ME))[0] == 401
    assert_hidden(room, alice)
    assert names_clock() > clock
    assert slices.pending()["erase_account"] == 1
    assert Message.objects.filter(text__contains=SECRET).count() > 5, "the work is left for later"
    make_user("Another", email="quux@example.com")
    assert Event.objects.filter(stream__name="revocations:all").count() == 1

    User.objects.filter(email="quux@example.com").delete()
    slices.run_all()
    assert_erased(quux, tmp_path)


def test_every_slice_is_bounded_and_hidden_until_the_end(alice, quux, small_slices, tmp_path):
    room = fill(quux, alice, 20)
    quux.delete(ME)
    steps = []
    while slices.pending()["erase_account"]:
        before = Event.objects.count()
        assert slices.run_slice()
        assert Event.objects.count() - before <= 2 * erasure.SLICE
        assert_hidden(room, alice)
        steps += Job.objects.values_list("progress", flat=True)
    assert list(dict.fromkeys(steps)) == [step.__name__ for step in erasure.STEPS]
    assert_erased(quux, tmp_path)


class Killed(BaseException):
    """The process ends at once: no handler runs, the database rolls back."""


def test_an_erasure_that_is_killed_in_any_slice_is_resumed(alice, quux, small_slices, tmp_path, monkeypatch):
    fill(quux, alice, 12)
    quux.delete(ME)
    ends = iter(range(1000))

    def killed_at_times(step: Callable[[str, str], int]) -> Callable[[str, str], int]:
        def work(user_id: str, using: str) -> int:
            done = step(user_id, using)
            if done and next(ends) % 2 == 0:
                raise Killed
            return done

        work.__name__ = step.__name__
        return work

    monkeypatch.setattr(erasure, "STEPS", tuple(killed_at_times(step) for step in erasure.STEPS))
    kills = 0
    while slices.pending()["erase_account"]:
        try:
            slices.run_slice()
        except Killed:
            kills += 1
    assert kills > len(erasure.STEPS)
    assert_erased(quux, tmp_path)


def test_a_message_that_was_under_way_is_erased_as_well(alice, quux, small_slices, tmp_path):
    room = fill(quux, alice, 12)
    quux.delete(ME)
    make_message(room, User.objects.get(pk=quux.id), f"{SECRET} that was late")
    assert_hidden(room, alice)
    slices.run_all()
    assert_erased(quux, tmp_path)


def test_nobody_inherits_a_room_who_is_being_erased(alice, quux, small_slices):
    charlie = make_user("Charlie")
    room = fill(quux, alice, 12)
    add_member(room, charlie)
    quux.delete(ME)
    alice.delete(ME)
    slices.run_all()
    assert list(Member.objects.filter(room=room).values_list("user__name", "role")) == [("Charlie", "owner")]


def test_the_admins_deletion_is_the_same_job(alice, quux, small_slices, client, tmp_path):
    root = make_user("Root", is_staff=True, is_superuser=True)
    client.force_login(root)
    room = fill(quux, alice, 12)
    answer = client.post(f"/admin/api/user/{quux.id}/delete/", {"post": "yes"})
    assert (answer.status_code, slices.pending()["erase_account"]) == (302, 1)
    assert_hidden(room, alice)


@pytest.mark.slow
def test_ten_thousand_messages_in_slices_and_what_another_writer_waits(alice, bob):
    """Statements of a slice do not depend on the size of the account; times are recorded."""
    room, other = make_room(alice.user, bob.user), make_room(alice.user)
    with acting_as(Actor("user", bob.id)):
        for _ in range(10):
            Message.objects.bulk_create(Message(room=room, author=bob.user, text=SECRET) for _ in range(1000))
    began = perf_counter()
    assert bob.delete(ME).status_code == 204
    request_seconds = perf_counter() - began
    statements, seconds, waits = [], [], []
    while slices.pending()["erase_account"]:
        began = perf_counter()
        waits.append(OtherWriter(other, alice.user))
        with CaptureQueriesContext(connection) as captured:
            slices.run_slice()
        seconds.append(perf_counter() - began)
        statements.append(len(captured))
        waits.append(waits.pop().finished() - began)
    assert not Event.objects.filter(payload__contains=SECRET).exists()
    assert max(statements) < 60
    figure(
        f"Erasing 10,000 messages ({connection.vendor}): answered after {request_seconds:.3f} s; {len(seconds)} "
        f"slices, the longest {max(seconds):.2f} s with {max(statements)} statements; another writer waited for "
        f"at most {max(waits):.2f} s"
    )


class OtherWriter(Writer):
    """Another writer, in a room of its own, at the same time as a slice."""

    def __init__(self, room: Room, author: User) -> None:
        self.ended = 0.0

        def write() -> None:
            make_message(room, author)
            self.ended = perf_counter()

        super().__init__(write)

    def finished(self) -> float:
        self.finish()
        return self.ended
