"""rooms/{id}/messages/{id}/reactions/{emoji}/"""

from __future__ import annotations

from urllib.parse import quote

import pytest

from api.models import Message, Reaction
from api.models.emoji import MAX_POINTS, canonical_emoji, is_emoji
from api.models.reactions import MAX_NAMED
from tests.api.conftest import MISSING, problem, url
from tests.factories import add_member, make_message, make_user

THUMB, HEART, FAMILY = "👍", "❤️", "👨‍👩‍👧‍👦"


@pytest.fixture
def message_of_bob(room, bob) -> Message:
    return make_message(room, bob.user, "Ahoy")


def at(message: Message, emoji: str) -> str:
    return url(message.room, "messages", message.pk, "reactions", quote(emoji, safe=""))


def shown(person, message: Message) -> list[dict]:
    return person.get(url(message.room, "messages", message.pk)).json()["reactions"]


def test_reacting_shows_in_the_message_and_raises_its_version(message_of_bob, alice, dora):
    response = alice.put(at(message_of_bob, THUMB))
    assert response.status_code == 201
    assert response.json()["reactions"] == [{"emoji": THUMB, "count": 1, "users": [alice.id]}]
    assert (response.json()["version"], response["ETag"]) == (2, '"2"')
    dora.put(at(message_of_bob, HEART))
    dora.put(at(message_of_bob, THUMB))
    assert shown(alice, message_of_bob) == [
        {"emoji": THUMB, "count": 2, "users": [alice.id, dora.id]},
        {"emoji": HEART, "count": 1, "users": [dora.id]},
    ]


def test_reacting_again_changes_nothing(message_of_bob, alice):
    first, second = alice.put(at(message_of_bob, THUMB)), alice.put(at(message_of_bob, THUMB))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()


def test_taking_a_reaction_back_and_again(message_of_bob, alice, dora):
    for person in (alice, dora):
        person.put(at(message_of_bob, THUMB))
    for _ in range(2):
        response = alice.delete(at(message_of_bob, THUMB))
        assert (response.status_code, response.content) == (204, b"")
    assert shown(alice, message_of_bob) == [{"emoji": THUMB, "count": 1, "users": [dora.id]}]
    assert Message.objects.get().version == 4


def test_reactions_come_from_members(message_of_bob, lobby, alice, bob, charlie, anybody):
    public = make_message(lobby, bob.user)
    for method in ("put", "delete"):
        assert problem(getattr(charlie, method)(at(message_of_bob, THUMB))) == (404, "not_found")
        assert problem(getattr(charlie, method)(at(public, THUMB))) == (403, "permission_denied")
        assert problem(getattr(anybody, method)(at(public, THUMB))) == (401, "not_authenticated")
        assert problem(getattr(alice, method)(at(message_of_bob, THUMB).replace(str(message_of_bob.pk), MISSING))) == (
            404,
            "not_found",
        )
    assert not Reaction.objects.exists()


@pytest.mark.parametrize(
    "emoji", [THUMB, HEART, FAMILY, "👍🏽", "🇩🇪", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "‼️", "©", "↔️", "☺", "👍👍", "\U0001fae9"]
)
def test_texts_that_are_emoji(message_of_bob, alice, emoji):
    assert alice.put(at(message_of_bob, emoji)).json()["reactions"][0]["emoji"] == canonical_emoji(emoji)
    assert alice.delete(at(message_of_bob, emoji)).status_code == 204
    assert shown(alice, message_of_bob) == []


NO_EMOJI = [
    "a",
    "lol",
    ":+1:",
    "1",
    "+",
    "<",
    "👍a",
    "👍 ",
    " 👍",
    "\u200d",
    "\ufe0f",
    "é",
    "漢",
    "\0",
    "\n",
    "👍" * 11,
    "%",
    "\u202e👍",
]


@pytest.mark.parametrize("emoji", NO_EMOJI, ids=ascii)
def test_texts_that_are_no_emoji(message_of_bob, alice, emoji):
    response = alice.put(at(message_of_bob, emoji))
    assert problem(response) == (400, "invalid")
    assert response.json()["errors"][0]["pointer"] == "/emoji"
    assert alice.delete(at(message_of_bob, emoji)).status_code == 204
    assert not Reaction.objects.exists()


@pytest.mark.parametrize("raw", ["%FF", "%ED%A0%80", "%F0%9F", "%"])
def test_broken_encodings_are_refused(message_of_bob, alice, raw):
    assert alice.put(url(message_of_bob.room, "messages", message_of_bob.pk, "reactions", raw)).status_code == 400


def test_no_emoji_is_longer_than_its_bounds():
    assert is_emoji("👍" * MAX_POINTS)
    assert not is_emoji("👍" * (MAX_POINTS + 1))
    assert not is_emoji("")


def test_a_message_has_at_most_twenty_different_emoji(message_of_bob, alice, bob):
    emoji = [chr(0x1F600 + number) for number in range(21)]
    for each in emoji[:20]:
        assert alice.put(at(message_of_bob, each)).status_code == 201
    assert problem(alice.put(at(message_of_bob, emoji[20]))) == (409, "too_many_emoji")
    assert bob.put(at(message_of_bob, emoji[0])).status_code == 201
    assert len(shown(alice, message_of_bob)) == 20


def test_the_first_people_are_named_and_all_are_counted(message_of_bob, alice):
    people = [make_user() for _ in range(MAX_NAMED + 1)]
    for person in people:
        Reaction.objects.create(message=message_of_bob, user=person, emoji=THUMB)
    named = [str(person.pk) for person in people[:MAX_NAMED]]
    assert shown(alice, message_of_bob) == [{"emoji": THUMB, "count": MAX_NAMED + 1, "users": named}]


@pytest.mark.parametrize("rows", [1, 3])
def test_reactions_take_no_query_of_their_own(room, alice, rows, django_assert_num_queries):
    alice.get(url(room, "messages"))
    for _ in range(rows):
        message = make_message(room, alice.user)
        for emoji in (THUMB, HEART):
            Reaction.objects.create(message=message, user=make_user(), emoji=emoji)
    with django_assert_num_queries(4):
        page = alice.get(url(room, "messages")).json()["results"]
    assert [len(message["reactions"]) for message in page] == [2] * rows


def test_deleting_a_message_deletes_its_reactions(message_of_bob, alice, bob):
    alice.put(at(message_of_bob, THUMB))
    bob.delete(url(message_of_bob.room, "messages", message_of_bob.pk))
    assert not Reaction.objects.exists()
    assert problem(alice.put(at(message_of_bob, THUMB))) == (404, "not_found")


def test_a_former_member_cannot_react_and_old_reactions_stay(message_of_bob, room, charlie, alice):
    member = add_member(room, charlie.user)
    charlie.put(at(message_of_bob, THUMB))
    member.delete()
    assert problem(charlie.delete(at(message_of_bob, THUMB))) == (404, "not_found")
    assert shown(alice, message_of_bob) == [{"emoji": THUMB, "count": 1, "users": [charlie.id]}]


# -- one emoji, several spellings --------------------------------------------------------------------------------------

SPELLINGS = [
    ("\u2764\ufe0f", "\u2764", "\u2764\ufe0e"),  # a heart
    ("1\ufe0f\u20e3", "1\u20e3"),  # a keycap
    ("\u261d\ufe0f", "\u261d"),
    ("\u261d\U0001f3fd", "\u261d\ufe0f\U0001f3fd"),  # a skin colour takes the place of the selector
    ("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\u200d\U0001f308"),  # a rainbow flag
    ("\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468", "\U0001f469\u200d\u2764\u200d\U0001f468"),
    ("\U0001f44d", "\U0001f44d\ufe0f"),  # one that needs no selector
    (
        "\U0001f469\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f468\U0001f3fb",  # the longest emoji
        "\U0001f469\U0001f3fb\u200d\u2764\u200d\U0001f48b\u200d\U0001f468\U0001f3fb",
    ),
]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=ascii)
def test_every_spelling_of_an_emoji_is_one_reaction(message_of_bob, alice, bob, spellings):
    for spelling in spellings:
        assert alice.put(at(message_of_bob, spelling)).status_code in (200, 201)
        assert bob.put(at(message_of_bob, spelling)).status_code in (200, 201)
    (entry,) = shown(alice, message_of_bob)
    assert (entry["emoji"], entry["count"]) == (spellings[0], 2)
    assert alice.delete(at(message_of_bob, spellings[-1])).status_code == 204
    assert [entry["count"] for entry in shown(alice, message_of_bob)] == [1]


@pytest.mark.parametrize("spellings", SPELLINGS, ids=ascii)
def test_the_canonical_spelling_stays_what_it_is(spellings):
    assert {canonical_emoji(spelling) for spelling in spellings} == {spellings[0]}
    assert canonical_emoji(spellings[0]) == spellings[0]
