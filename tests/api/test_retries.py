"""Idempotency-Key: done once, answered twice. And If-Match, which keeps writers from overwriting each other."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F

from api.models import Message, Reaction, Room
from tests.api.conftest import Person, problem, url
from tests.factories import make_message, make_room, make_user
from tests.tidewire.threads import Writer, needs_row_locks, until_it_waits
from tidewire.log.tables import Event
from tidewire.rest.answers import KEEP, Answer, AnswerName
from tidewire.testing import record_now

KEY = "9d1f0bd2"


def say(person, room, text="Ahoy", key: str = KEY, **more):
    return person.post(url(room, "messages"), {"text": text, **more}, headers={"Idempotency-Key": key})


def whole(response) -> tuple:
    """Returns an answer without the headers that differ between requests."""
    headers = {name: value for name, value in response.headers.items() if name != "X-Request-ID"}
    return response.status_code, response.content, headers


def test_a_write_is_done_once_and_answered_twice(room, bob):
    first, second = say(bob, room), say(bob, room)
    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first
    assert second["Idempotency-Replayed"] == "true"
    del second["Idempotency-Replayed"]
    assert whole(first) == whole(second)
    assert first["ETag"] == '"1"'
    assert first["Location"].endswith(f"/{first.json()['id']}/")
    assert first["Tidewire-Position"].startswith(f"room:{room.pk}; epoch=")
    assert Message.objects.count() == 1
    assert Event.objects.filter(type="message.created").count() == 1


@pytest.mark.parametrize("text", [f'"{KEY}"', KEY])
def test_a_key_may_be_quoted(room, bob, text):
    say(bob, room)
    assert say(bob, room, key=text)["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", '""', "x" * 256, "a b", "a, a", '"a', "é"])
def test_an_invalid_key(room, bob, key):
    if key == '"a':
        assert say(bob, room, key=key).status_code == 201  # without quotes, and unusual
        return
    assert problem(say(bob, room, key=key)) == (400, "idempotency_key_invalid")
    assert not Message.objects.exists()


def test_another_body_is_another_request(room, bob):
    say(bob, room, "One")
    assert problem(say(bob, room, "Two")) == (422, "idempotency_key_reused")
    assert Message.objects.count() == 1


def test_the_order_of_a_body_is_nothing(room, bob):
    path, headers = url(room, "messages"), {"Idempotency-Key": KEY}
    for body in ('{"text": "x", "mentions": []}', '{"mentions":[],"text":"x"}'):
        response = bob.generic("POST", path, body, content_type="application/json", headers=headers)
        assert response.status_code == 201
    assert Message.objects.count() == 1


def test_a_key_is_one_accounts_for_one_address(room, alice, bob):
    other = make_room(bob.user)
    assert [say(person, where).status_code for person, where in ((bob, room), (alice, room), (bob, other))] == [201] * 3
    assert Message.objects.count() == 3


def test_a_refusal_is_not_kept(room, bob):
    assert say(bob, room, "").status_code == 400
    assert say(bob, room, "Better").status_code == 201


def test_a_crash_is_not_kept(room, bob, monkeypatch):
    original = Room.post
    monkeypatch.setattr(Room, "post", lambda *args, **kwargs: 1 / 0)
    bob.raise_request_exception = False
    assert say(bob, room).status_code == 500
    assert not Answer.objects.exists()
    monkeypatch.setattr(Room, "post", original)
    assert say(bob, room).status_code == 201


def test_every_kind_of_write_can_be_sent_again(room, bob):
    message = say(bob, room).json()
    path, headers = url(room, "messages", message["id"]), {"Idempotency-Key": KEY}
    edits = [bob.patch(path, {"text": "Better"}, headers=headers) for _ in range(2)]
    assert [edit.json()["version"] for edit in edits] == [2, 2]
    assert [bob.put(f"{path}reactions/%F0%9F%91%8D/", headers=headers).status_code for _ in range(2)] == [201, 201]
    assert Reaction.objects.count() == 1
    deletions = [bob.delete(path, headers=headers) for _ in range(2)]
    assert [whole(each)[:2] for each in deletions] == [(204, b"")] * 2
    assert "Content-Type" not in deletions[1]


def test_a_version_is_checked_once(room, bob):
    path = url(room, "messages", make_message(room, bob.user).pk)
    headers = {"Idempotency-Key": KEY, "If-Match": '"1"'}
    assert [bob.patch(path, {"text": "Better"}, headers=headers).status_code for _ in range(2)] == [200, 200]


def test_answers_are_kept_for_a_day(room, bob):
    say(bob, room)
    Answer.objects.update(created_at=F("created_at") - KEEP + timedelta(minutes=1))
    assert say(bob, room)["Idempotency-Replayed"] == "true"
    Answer.objects.update(created_at=F("created_at") - timedelta(minutes=2))
    assert "Idempotency-Replayed" not in say(bob, room)
    assert (Message.objects.count(), Answer.objects.count()) == (2, 1)
    Answer.objects.update(created_at=F("created_at") - KEEP)
    assert Answer.objects.prune() > 0
    assert not AnswerName.objects.exists()


def test_a_secret_is_not_kept(alice):
    body, headers = {"name": "Robot", "scopes": ["me:read"]}, {"Idempotency-Key": KEY}
    made = alice.post("/api/v1/keys/", body, headers=headers)
    assert made.json()["key"]
    assert Answer.objects.get().body is None
    assert problem(alice.post("/api/v1/keys/", body, headers=headers)) == (409, "answer_not_kept")
    assert len(alice.get("/api/v1/keys/").json()["results"]) == 1


def test_a_request_that_waits_too_long_gets_retry_after(room, bob, monkeypatch):
    from django.db import OperationalError

    error = OperationalError("canceling statement due to lock timeout")
    error.__cause__ = type("Cause", (Exception,), {"sqlstate": "55P03"})()
    monkeypatch.setattr(Answer, "claim", lambda *args: (_ for _ in ()).throw(error))
    response = say(bob, room)
    assert problem(response) == (409, "idempotency_key_busy")
    assert response["Retry-After"] == "1"


def test_anonymous_requests_have_no_idempotency_keys(db, anybody):
    body = {"email": "x@example.com", "name": "X", "password": "correct horse battery staple"}
    headers = {"Idempotency-Key": KEY}
    assert anybody.post("/api/v1/users/", body, headers=headers).status_code == 201
    assert not Answer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_answer_write_and_event_are_one_transaction(monkeypatch):
    bob = Person(make_user("Bob"))
    room = make_room(bob.user)
    before = Event.objects.count()
    monkeypatch.setattr(Answer, "fill", lambda *args: 1 / 0)
    bob.raise_request_exception = False
    assert say(bob, room).status_code == 500
    assert (Message.objects.count(), Answer.objects.count(), Event.objects.count()) == (0, 0, before)
    assert connection.run_on_commit == []


@pytest.mark.django_db(transaction=True)
def test_events_that_were_recorded_ahead_are_published_once(monkeypatch):
    published = []
    monkeypatch.setattr(
        "tidewire.transactions.commit._announcers", [lambda recorded: published.extend(e.type for e in recorded)]
    )
    bob = Person(make_user("Bob"))
    room = make_room(bob.user)
    published.clear()
    assert say(bob, room)["Tidewire-Position"].endswith(
        f"offset={Event.objects.filter(stream__name__startswith='room').count()}"
    )
    say(bob, room)
    assert published == ["message.created"]


# -- erased with what it repeats (promise 10) --------------------------------------------------------------------------


def test_a_deleted_message_leaves_its_answers(room, bob):
    message = say(bob, room, "Secret").json()
    path = url(room, "messages", message["id"])
    bob.patch(path, {"text": "Secret, still"}, headers={"Idempotency-Key": "edit"})
    assert Answer.objects.exclude(body=None).count() == 2
    bob.delete(path)
    record_now()
    assert not Answer.objects.exclude(body=None).exists()
    assert problem(say(bob, room, "Secret")) == (409, "answer_not_kept")
    assert say(bob, room, key="another").status_code == 201


def test_deleting_a_room_removes_its_stored_answers(room, alice, bob):
    say(bob, room, "Secret")
    alice.delete(url(room))
    record_now()
    assert not Answer.objects.exclude(body=None).exists()


def test_deleting_an_account_removes_its_answers_and_its_name_from_others(room, alice, bob, charlie):
    say(charlie, make_room(charlie.user), "Secret")
    added = alice.post(url(room, "members"), {"user_id": charlie.id}, headers={"Idempotency-Key": KEY})
    assert added.json()["user"]["name"] == "Charlie"
    say(bob, room, "Ahoy")
    charlie.delete("/api/v1/me/", headers={"Idempotency-Key": KEY})
    assert [bytes(body) for body in Answer.objects.values_list("body", flat=True) if body and b"Charlie" in body] == []
    assert not Answer.objects.filter(account=charlie.id).exists()
    assert say(bob, room, "Ahoy")["Idempotency-Replayed"] == "true"


# -- ETags -----------------------------------------------------------------------------------------------------------


def test_a_known_version_is_not_sent_again(bob):
    path = "/api/v1/me/"
    tag = bob.get(path)["ETag"]
    assert tag == f'"{bob.user.version}"'
    for known in (tag, f"W/{tag}", f'"0", {tag}', "*"):
        response = bob.get(path, headers={"If-None-Match": known})
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", tag)
    for unknown in ('"0"', "nonsense", ""):
        assert bob.get(path, headers={"If-None-Match": unknown}).status_code == 200
    bob.patch(path, {"name": "Robert"})
    assert bob.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_a_room_is_sent_again_because_its_version_does_not_cover_unread_counts(room, alice, bob):
    """A room's answer has the unread count."""
    tag = alice.get(url(room))["ETag"]
    make_message(room, bob.user)
    record_now()
    assert alice.get(url(room), headers={"If-None-Match": tag}).json()["me"]["unread_count"] == 1


def test_a_weak_tag_is_no_match_for_a_change(room, alice):
    assert problem(alice.patch(url(room), {"name": "x"}, headers={"If-Match": 'W/"1"'})) == (412, "version_mismatch")


def test_a_view_may_insist_on_a_version(room, alice, monkeypatch):
    monkeypatch.setattr("api.views.rooms.RoomViewSet.requires_version", True)
    assert problem(alice.patch(url(room), {"name": "x"})) == (428, "version_required")
    assert alice.patch(url(room), {"name": "x"}, headers={"If-Match": '"1"'}).status_code == 200


def test_a_marker_has_its_version(room, bob, alice):
    marker = bob.put(url(room, "read"), {"message": str(make_message(room, alice.user).pk)})
    assert marker["ETag"] == '"1"'


# -- two at once -----------------------------------------------------------------------------------------------------


@needs_row_locks
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_done", [True, False], ids=["done", "given up"])
def test_the_second_waits_for_the_first(is_done, monkeypatch):
    """It gets the first one's answer, or does the write when the first was rolled back."""
    bob = Person(make_user("Bob"))
    room = make_room(bob.user)
    started, go_on = threading.Event(), threading.Event()
    original = Room.post

    def slow(room, author, **content):
        if not started.is_set():
            started.set()
            assert go_on.wait(10)
            if not is_done:
                raise ZeroDivisionError
        return original(room, author, **content)

    monkeypatch.setattr(Room, "post", slow)
    answers = {}
    first, second = (Person(bob.user) for _ in range(2))
    first.raise_request_exception = second.raise_request_exception = (
        False  # the client raises errors of the other thread, too
    )
    one = Writer(lambda: answers.update(first=say(first, room)))
    assert started.wait(10)
    two = Writer(lambda: answers.update(second=say(second, room)))
    until_it_waits(two)
    go_on.set()
    one.finish()
    two.finish()
    assert answers["first"].status_code == (201 if is_done else 500)
    assert answers["second"].status_code == 201
    assert answers["second"].get("Idempotency-Replayed") == ("true" if is_done else None)
    assert Message.objects.count() == 1


@needs_row_locks
@pytest.mark.django_db(transaction=True)
def test_waiting_for_the_first_request_ends(monkeypatch):
    monkeypatch.setattr("tidewire.rest.idempotency.WAIT_SECONDS", 0.2)
    bob = Person(make_user("Bob"))
    room = make_room(bob.user)
    answers, started, go_on = {}, threading.Event(), threading.Event()
    original = Room.post

    def slow(room, author, **content):
        started.set()
        assert go_on.wait(10)
        return original(room, author, **content)

    monkeypatch.setattr(Room, "post", slow)
    one = Writer(lambda: answers.update(first=say(Person(bob.user), room)))
    assert started.wait(10)
    response = say(bob, room)
    go_on.set()
    one.finish()
    assert problem(response) == (409, "idempotency_key_busy")
    assert response["Retry-After"] == "1"
    assert answers["first"].status_code == 201
