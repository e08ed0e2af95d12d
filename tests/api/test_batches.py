"""messages/batch/: many messages in one request, all or none, each with its event."""

from __future__ import annotations

import pytest

from api.models import Mention, Message
from tests.api.conftest import MISSING, pointers, problem, statements, url
from tests.factories import make_message
from tidewire.ids import uuid7
from tidewire.testing import record_now


def batch(person, room, *items, **options):
    return person.post(url(room, "messages", "batch"), list(items), **options)


def test_many_are_said_in_their_order_and_each_is_an_event(room, bob, event_log):
    event_log.new_events()
    response = batch(bob, room, *({"text": f"Line {n}"} for n in range(100)))
    assert response.status_code == 201
    texts = [message["text"] for message in response.json()]
    assert texts == [f"Line {n}" for n in range(100)]
    expected = [("message.created", {"id": message["id"]}) for message in response.json()]
    event_log.assert_events(expected, f"room:{room.pk}")
    listed = bob.get(url(room, "messages"), {"limit": "100"}).json()["results"]
    assert listed == response.json()[::-1]
    assert list(Message.objects.order_by("number").values_list("text", flat=True)) == texts


def test_a_batch_costs_the_same_for_one_and_for_many(room, alice, bob):
    item = {"text": "Ahoy", "mentions": [alice.id], "reply_to": str(make_message(room, alice.user).pk)}
    assert statements(lambda: batch(bob, room, item)) == statements(lambda: batch(bob, room, *[item] * 50))


def test_all_rows_or_none_and_each_mistake_has_a_pointer(room, bob):
    items = [{"text": "Fine"}, {"text": ""}, "x", {"text": "y", "reply_to": MISSING}, {"text": "z", "mentions": [1]}]
    assert pointers(batch(bob, room, *items)) == [
        ("/1/text", "blank"),
        ("/2", "invalid"),
        ("/3/reply_to", "does_not_exist"),
        ("/4/mentions/0", "invalid"),
    ]
    assert not Message.objects.exists()


@pytest.mark.parametrize(
    ("body", "code"), [({"text": "x"}, "not_a_list"), ([], "length"), ([{"text": "x"}] * 101, "length")]
)
def test_an_invalid_batch(room, bob, body, code):
    assert pointers(bob.post(url(room, "messages", "batch"), body)) == [("", code)]


def test_a_line_may_answer_one_before_it(room, bob):
    first, second = str(uuid7()), str(uuid7())
    posted = batch(bob, room, {"id": first, "text": "?"}, {"id": second, "text": "!", "reply_to": first}).json()
    assert [message["reply_to"] for message in posted] == [None, first]
    turned = batch(bob, room, {"text": "!", "reply_to": str(uuid7())}, {"text": "?"})
    assert pointers(turned) == [("/0/reply_to", "does_not_exist")]


def test_known_ids_are_answered_with_their_messages(room, alice, bob):
    items = [{"id": str(uuid7()), "text": f"Line {n}"} for n in range(3)]
    first = batch(bob, room, *items[:2]).json()
    again = batch(bob, room, items[2], *items[:2]).json()
    assert [message["id"] for message in again] == [items[2]["id"], items[0]["id"], items[1]["id"]]
    assert again[1:] == first
    assert Message.objects.count() == 3
    assert problem(batch(alice, room, {"text": "x"}, items[0])) == (409, "id_taken")
    assert pointers(batch(bob, room, {"id": MISSING, "text": "x"}, {"id": MISSING, "text": "y"})) == [
        ("/1/id", "duplicate")
    ]
    assert Message.objects.count() == 3


def test_mentioned_members_get_an_event(room, alice, dora, bob, event_log):
    event_log.new_events()
    batch(bob, room, {"text": "x", "mentions": [alice.id]}, {"text": "y", "mentions": [alice.id, dora.id]})
    assert Mention.objects.count() == 3
    event_log.assert_events(["mention.created"] * 2, f"user:{alice.id}")


def test_a_batch_is_for_members(room, lobby, charlie, anybody):
    assert problem(batch(charlie, room, {"text": "x"})) == (404, "not_found")
    assert problem(batch(charlie, lobby, {"text": "x"})) == (403, "permission_denied")
    assert problem(batch(anybody, room, {"text": "x"})) == (401, "not_authenticated")


def test_a_batch_is_sent_again_by_its_key(room, bob):
    headers = {"Idempotency-Key": "batch"}
    first, second = (batch(bob, room, {"text": "x"}, {"text": "y"}, headers=headers) for _ in range(2))
    assert first.content == second.content
    assert Message.objects.count() == 2
    bob.delete(url(room, "messages", first.json()[1]["id"]))
    record_now()
    assert problem(batch(bob, room, {"text": "x"}, {"text": "y"}, headers=headers)) == (409, "answer_not_kept")
