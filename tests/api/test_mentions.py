"""`mentions` of a message: which members can be mentioned, and who gets an event."""

from __future__ import annotations

import pytest

from api.models import Member, Mention
from tests.api.conftest import MISSING, pointers, recording, statements, url
from tests.factories import add_member, make_message, make_user
from tidewire.ids import uuid7
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


def mention_count(person) -> int:
    """How many mention events a user got."""
    return Event.objects.filter(stream__name=f"user:{person.id}", type="mention.created").count()


def test_members_are_named_each_once_in_the_order_given(room, bob, alice, dora):
    ids = [dora.id, alice.id, dora.id]
    response = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": ids})
    assert response.json()["mentions"] == [dora.id, alice.id]
    assert alice.get(response["Location"]).json() == response.json()
    assert [mention_count(person) for person in (alice, bob, dora)] == [1, 0, 1]


def test_the_text_is_not_looked_at(room, bob, alice):
    assert bob.post(url(room, "messages"), {"text": f"@{alice.id} @Alice"}).json()["mentions"] == []
    assert mention_count(alice) == 0


@pytest.mark.parametrize(
    ("mentions", "expected"),
    [
        (MISSING, [("/mentions", "not_a_list")]),
        ({"0": MISSING}, [("/mentions", "not_a_list")]),
        (None, [("/mentions", "null")]),
        ([MISSING], [("/mentions/0", "does_not_exist")]),
        (["x"], [("/mentions/0", "invalid")]),
        ([[]], [("/mentions/0", "invalid")]),
        ([5], [("/mentions/0", "invalid")]),
        ([str(uuid7()) for _ in range(21)], [("/mentions", "max_length")]),
    ],
)
def test_invalid_mentions(room, bob, mentions, expected):
    assert pointers(bob.post(url(room, "messages"), {"text": "x", "mentions": mentions})) == expected


def test_strangers_and_closed_accounts_are_not_mentioned(room, bob, alice, charlie):
    gone = make_user(is_active=False)
    add_member(room, gone)
    ids = [alice.id, charlie.id, str(gone.pk)]
    response = bob.post(url(room, "messages"), {"text": "x", "mentions": ids})
    assert pointers(response) == [("/mentions/1", "does_not_exist"), ("/mentions/2", "does_not_exist")]
    assert mention_count(alice) == 0


def test_an_edit_makes_an_event_for_newly_mentioned_members_only(room, bob, alice, dora):
    message = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": [alice.id]})["Location"]
    edited = bob.patch(message, {"mentions": [alice.id, dora.id]}).json()
    assert (edited["text"], edited["mentions"]) == ("Ahoy", [alice.id, dora.id])
    assert bob.patch(message, {"mentions": []}).json()["mentions"] == []
    assert bob.patch(message, {"mentions": [alice.id]}).json()["mentions"] == [alice.id]
    assert [mention_count(person) for person in (alice, dora)] == [1, 1]


def test_an_edit_of_the_text_leaves_the_mentions(room, bob, alice):
    message = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": [alice.id]})["Location"]
    assert bob.patch(message, {"text": "Ahoy!"}).json()["mentions"] == [alice.id]


def test_deleting_a_message_deletes_its_mentions(room, bob, alice):
    message = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": [alice.id]})["Location"]
    bob.delete(message)
    assert not Mention.objects.exists()


def test_a_mention_stays_when_the_member_leaves(room, bob, dora):
    message = bob.post(url(room, "messages"), {"text": "Ahoy", "mentions": [dora.id]})["Location"]
    Member.objects.get(room=room, user=dora.user).delete()
    assert bob.get(message).json()["mentions"] == [dora.id]


@pytest.mark.parametrize("people", [1, 20])
def test_mentions_cost_the_same_for_one_and_for_twenty(room, bob, people):
    users = [make_user() for _ in range(people)]
    for user in users:
        add_member(room, user)
    make_message(room, bob.user)
    body = {"text": "x", "mentions": [str(user.pk) for user in users]}
    # caller; membership; named; message, mentions; counter, number; re-read: message, mentions; heads and events
    assert statements(lambda: bob.post(url(room, "messages"), body)) == 9 + recording()
    assert room.messages.get(number=2).mentions == body["mentions"]
