"""search/messages/ and rooms/{id}/messages/search/: what is found, by whom, how it is marked, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from api.models import Member, Message, Room
from api.models.rooms import HIDDEN
from api.views.search import MessageSearchViewSet
from tests.api.conftest import MISSING, pointers, problem, statements, url
from tests.api.test_keys import make_key
from tests.factories import add_member, make_message, make_room, make_user
from tests.rig.verify import IS_VERIFY
from tidewire.search.passages import LENGTH
from tidewire.search.words import MAX_LENGTH, MAX_WORDS

pytestmark = pytest.mark.django_db

EVERYWHERE = "/api/v1/search/messages/"
EXAMPLES = 400 if IS_VERIFY else 60


def search(person: Any, query: str, room: Room | None = None, **more: Any) -> list[dict[str, Any]]:
    response = person.get(url(room, "messages", "search") if room else EVERYWHERE, {"q": query, **more})
    assert response.status_code == 200, response.content
    return response.json()["results"]


def found(person: Any, query: str, room: Room | None = None, **more: Any) -> list[str]:
    """Returns the texts that are found."""
    return [row["text"] for row in search(person, query, room, **more)]


# -- queries -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("ship", ["The ship is in", "No ship today, the harbour is closed"]),
        ("SHIP harbour", ["No ship today, the harbour is closed"]),
        ('"ship is"', ["The ship is in"]),
        ('"is ship"', []),
        ("ship -harbour", ["The ship is in"]),
        ('harbour -"is closed"', ["Harbour-master: tel. 030/1234, mail@harbour.example"]),
        ("harbour-master", ["Harbour-master: tel. 030/1234, mail@harbour.example"]),
        ("mail", ["Harbour-master: tel. 030/1234, mail@harbour.example"]),
        ("1234", ["Harbour-master: tel. 030/1234, mail@harbour.example"]),
        ('"mail@harbour"', ["Harbour-master: tel. 030/1234, mail@harbour.example"]),
        ("ship or harbour", []),
        ("shi", []),
        ("ähre", ["Die Ähre, “golden” — straße №5"]),
        ("golden", ["Die Ähre, “golden” — straße №5"]),
        ("हिन्दी", ["हिन्दी में"]),
        ('ship -""', ["The ship is in", "No ship today, the harbour is closed"]),
        ('"the ship', ["The ship is in"]),
        ("ship - harbour", ["No ship today, the harbour is closed"]),
    ],
)
def test_words_phrases_and_minus(alice, room, query, texts):
    for text in (
        "हिन्दी में",
        "Die Ähre, “golden” — straße №5",
        "Harbour-master: tel. 030/1234, mail@harbour.example",
        "No ship today, the harbour is closed",
        "The ship is in",
    ):
        make_message(room, alice.user, text)
    assert found(alice, query) == found(alice, query, room) == texts


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "no_word"),
        ("-ship", "no_word"),
        ("\0", "no_word"),
        ("!?", "no_word"),
        ('"', "no_word"),
        ("a" * (MAX_LENGTH + 1), "max_length"),
        (" ".join(map(str, range(MAX_WORDS + 1))), "too_many_words"),
    ],
)
def test_a_query_that_is_not_searched_for(alice, room, query, code):
    for path in (EVERYWHERE, url(room, "messages", "search")):
        assert pointers(alice.get(path, {"q": query})) == [("/q", code)]


def test_a_query_is_required_and_given_once(alice):
    assert pointers(alice.get(EVERYWHERE)) == [("/q", "no_word")]
    assert pointers(alice.get(f"{EVERYWHERE}?q=a&q=b")) == [("/q", "invalid")]


OPERATORS = st.sampled_from(
    [
        *('"', "'", "*", "(", ")", ":", "^", "-", "+", "&", "|", "!", "<->", "\\", "\0", "%", "%s", ";", " ", "text:"),
        *("{}", "AND", "OR", "NOT", "NEAR(a b, 2)", "or", "word", "wörd", "\u200d", "\ufffe", "²", "½", "𐏐", "🫰", "İ"),
    ]
)
QUERIES = st.lists(OPERATORS | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=14).map("".join)


@hypothesis(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=QUERIES | st.text(st.characters(exclude_categories=["Cs"]), max_size=MAX_LENGTH + 5))
def test_every_text_is_answered(alice, room, query):
    """A message that is the query itself is found by it, unless it says what must not be there."""
    text = query.replace("\0", "") or "x"
    with transaction.atomic():
        make_message(room, alice.user, text)
        for path in (EVERYWHERE, url(room, "messages", "search")):
            response = alice.get(path, {"q": query})
            if response.status_code == 400:
                assert [pointer for pointer, _ in pointers(response)] == ["/q"]
                continue
            assert response.status_code == 200, response.content
            if query.isascii() and not set('-"\0') & set(query):
                assert text in [row["text"] for row in response.json()["results"]]
        transaction.set_rollback(True)


# -- who finds what ----------------------------------------------------------------------------------------------------


def test_a_search_finds_what_the_lists_show(alice, bob, charlie, room, lobby):
    make_message(room, alice.user, "ship in the room")
    make_message(lobby, alice.user, "ship in the lobby")
    make_message(make_room(), None, "ship of a program elsewhere")
    assert found(bob, "ship") == ["ship in the lobby", "ship in the room"]
    assert found(charlie, "ship") == ["ship in the lobby"]
    assert found(charlie, "ship", lobby) == ["ship in the lobby"]
    assert problem(charlie.get(url(room, "messages", "search"), {"q": "ship"})) == (404, "not_found")
    assert problem(alice.get(f"/api/v1/rooms/{MISSING}/messages/search/", {"q": "ship"})) == (404, "not_found")


def test_the_readable_rooms_are_one_rule(alice, bob, charlie, room, lobby):
    """`ids_readable_by` is `readable_by`, in the form of a condition."""
    make_room(bob.user, kind=HIDDEN)
    for person in (alice, bob, charlie):
        rows = set(Room.objects.readable_by(person.user.pk).values_list("pk", flat=True))
        ids = Room.objects.ids_readable_by(person.user.pk)
        assert set(Room.objects.filter(pk__in=ids).values_list("pk", flat=True)) == rows
    assert rows == {lobby.pk}


def test_losing_and_gaining_a_room(alice, bob, charlie, room):
    make_message(room, alice.user, "ship")
    Member.objects.filter(room=room, user=bob.user).delete()
    add_member(room, charlie.user)
    assert (found(bob, "ship"), found(charlie, "ship")) == ([], ["ship"])
    room.change(kind=Room.Kind.PUBLIC)
    assert found(bob, "ship") == ["ship"]
    Room.objects.filter(pk=room.pk).update(kind=HIDDEN)
    assert found(alice, "ship") == []


def test_an_edited_message_is_found_by_its_new_text_only(alice, room):
    id = alice.post(url(room, "messages"), {"text": "the old ship"}).json()["id"]
    alice.patch(url(room, "messages", id), {"text": "the new boat"})
    assert (found(alice, "ship"), found(alice, "old"), found(alice, "boat")) == ([], [], ["the new boat"])


def test_a_deleted_message_is_not_found(alice, room):
    id = alice.post(url(room, "messages"), {"text": "ship"}).json()["id"]
    alice.delete(url(room, "messages", id))
    assert found(alice, "ship") == found(alice, "ship", room) == []


def test_an_account_that_is_being_erased_is_not_found(alice, bob, room):
    make_message(room, bob.user, "ship")
    bob.user.erased_at = timezone.now()
    bob.user.save()
    assert found(alice, "ship") == []


def test_nothing_of_an_erased_account_is_found(alice, bob, room):
    """Not even in the index itself."""
    make_message(room, bob.user, "quuxian ship")
    assert bob.delete("/api/v1/me/").status_code == 204
    assert found(alice, "ship") == []
    assert words_in_index("quuxian") == 0


def words_in_index(word: str) -> int:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("SELECT count(*) FROM api_message_search WHERE text LIKE %s", [f"%{word}%"])
            stored = cursor.fetchone()[0]
            index = "api_message_search_words"
            cursor.execute(f"SELECT count(*) FROM {index} WHERE {index} MATCH %s", [word])
            return stored + cursor.fetchone()[0]
        cursor.execute("SELECT count(*) FROM api_message WHERE tidewire_search @@ to_tsquery('simple', %s)", [word])
        return cursor.fetchone()[0]


def test_a_room_that_is_deleted_takes_its_index_along(alice, room):
    make_message(room, alice.user, "quuxian")
    assert words_in_index("quuxian") > 0
    room.delete()
    assert words_in_index("quuxian") == 0


def test_keys_need_the_scope_and_a_bound_key_its_room(alice, room, lobby):
    make_message(room, alice.user, "ship")
    assert found(make_key(alice, "messages:read"), "ship") == ["ship"]
    assert problem(make_key(alice, "rooms:read").get(EVERYWHERE, {"q": "ship"}))[0] == 403
    bound = make_key(alice, "messages:read", stream=f"room:{room.pk}")
    assert found(bound, "ship", room) == ["ship"]
    assert bound.get(url(lobby, "messages", "search"), {"q": "ship"}).status_code in (403, 404)
    assert bound.get(EVERYWHERE, {"q": "ship"}).status_code == 403


def test_strangers_search_nothing(anybody, room):
    for path in (EVERYWHERE, url(room, "messages", "search")):
        assert anybody.get(path, {"q": "ship"}).status_code == 401


# -- every way to write ------------------------------------------------------------------------------------------------


def _save(message: Message) -> None:
    message.text = "boat"
    message.save()


def _raw(message: Message) -> None:
    key = message.pk.hex if connection.vendor == "sqlite" else message.pk
    with connection.cursor() as cursor:
        cursor.execute("UPDATE api_message SET text = 'boat' WHERE id = %s", [key])


def _bulk_update(message: Message) -> None:
    message.text = "boat"
    Message.objects.bulk_update([message], ["text"])


def _upsert(message: Message) -> None:
    message.text = "boat"
    Message.objects.bulk_create([message], update_conflicts=True, update_fields=["text"], unique_fields=["id"])


WRITES = {
    "save": _save,
    "edit": lambda message: message.edit(text="boat"),
    "update": lambda message: Message.objects.filter(pk=message.pk).update(text="boat"),
    "bulk_update": _bulk_update,
    "bulk_create over a row": _upsert,
    "without an event": lambda message: Message.objects.filter(pk=message.pk).update_unnoted(text="boat"),
    "raw SQL": _raw,
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_update_changes_the_index(alice, room, write):
    write(make_message(room, alice.user, "ship"))
    assert (found(alice, "ship"), found(alice, "boat")) == ([], ["boat"])
    assert words_in_index("ship") == 0


def test_rows_of_bulk_create_and_of_a_batch_are_found(alice, room):
    Message.objects.bulk_create([Message(room=room, author=alice.user, text=f"ship {n}") for n in range(2)])
    alice.post(url(room, "messages", "batch"), [{"text": "ship 2"}, {"text": "ship 3"}])
    assert sorted(found(alice, "ship")) == [f"ship {n}" for n in range(4)]


def test_every_deletion_empties_the_index(alice, room):
    for text in ("one ship", "two ship", "three ship"):
        make_message(room, alice.user, text)
    Message.objects.filter(text="one ship").delete()
    Message.objects.filter(text="two ship")._raw_delete("default")
    Message.objects.filter(text="three ship").soft_delete()
    assert words_in_index("ship") == 0


def test_a_write_that_is_rolled_back_is_not_found(alice, room):
    with transaction.atomic():
        make_message(room, alice.user, "ship")
        assert found(alice, "ship") == ["ship"]
        transaction.set_rollback(True)
    assert found(alice, "ship") == []


# -- pages -------------------------------------------------------------------------------------------------------------


def test_pages_have_each_row_once_whatever_comes_meanwhile(alice, room, lobby):
    now = timezone.now()
    for n in range(7):
        at = now - timedelta(seconds=n // 3)  # some at the same time
        make_message((room, lobby)[n % 2], alice.user, f"ship {n}", created_at=at)
    page = alice.get(EVERYWHERE, {"q": "ship", "limit": 2}).json()
    seen = [row["text"] for row in page["results"]]
    while page["next"]:
        make_message(room, alice.user, "ship, newer")
        page = alice.get(page["next"]).json()
        seen += [row["text"] for row in page["results"]]
    assert sorted(seen) == [f"ship {n}" for n in range(7)]
    assert page["stream"] is None
    back = []
    while page["previous"]:
        page = alice.get(page["previous"]).json()
        back += [row["text"] for row in page["results"]][::-1]
    assert back[: len(seen) - 1] == seen[:-1][::-1]


def test_filters_and_fields(alice, bob, room):
    make_message(room, alice.user, "ship of Alice")
    message = make_message(room, bob.user, "ship of Bob")
    assert found(alice, "ship", author=bob.id) == ["ship of Bob"]
    assert found(alice, "ship", room, created_before=message.created_at.isoformat()) == ["ship of Alice"]
    assert problem(alice.get(EVERYWHERE, {"q": "ship", "room": "x"})) == (400, "invalid")
    assert problem(alice.get(EVERYWHERE, {"q": "ship", "fields": "nothing"})) == (400, "invalid")


def test_the_page_around_a_row(alice, room):
    messages = [make_message(room, alice.user, text) for text in ("ship 0", "boat", "ship 1", "ship 2", "ship 3")]
    found_rows = search(alice, "ship", room, around=str(messages[2].pk), limit=3)
    assert [row["highlight"] for row in found_rows] == [f"<mark>ship</mark> {n}" for n in (2, 1, 0)]
    answer = alice.get(EVERYWHERE, {"q": "ship", "around": str(messages[1].pk)})
    assert pointers(answer) == [("/around", "not_in_list")]


def test_frequent_words_give_the_same_rows(alice, room, lobby, monkeypatch):
    """SQLite reads the rows in another way then."""
    for n in range(6):
        make_message((room, lobby)[n % 2], alice.user, f"ship {n}")
    rows = [search(alice, "ship"), search(alice, "ship", room), search(alice, "ship", author=alice.id)]
    monkeypatch.setattr("tidewire.search.matches.FREQUENT", 3)
    assert [search(alice, "ship"), search(alice, "ship", room), search(alice, "ship", author=alice.id)] == rows


def test_phrases_give_the_same_rows_as_their_pages(alice, room):
    for text in ("one ship two", "two ship one"):
        make_message(room, alice.user, text)
    assert found(alice, '"ship one"') == found(alice, '"ship one"', author=alice.id) == ["two ship one"]
    assert found(alice, '"ship one" -three') == ["two ship one"]


# -- passages ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "query", "passage"),
    [
        ("The ship is in", "ship", "The <mark>ship</mark> is in"),
        ("SHIP, ship-shape", "ship", "<mark>SHIP</mark>, <mark>ship</mark>-shape"),
        ("a ship & a boat", "boat ship", "a <mark>ship</mark> &amp; a <mark>boat</mark>"),
        ("<script>alert('ship')</script>", "ship", "&lt;script&gt;alert(&#x27;<mark>ship</mark>&#x27;)&lt;/script&gt;"),
        ("<mark>no</mark> ship", "ship", "&lt;mark&gt;no&lt;/mark&gt; <mark>ship</mark>"),
        ('"><img src=x onerror=ship>', "ship", "&quot;&gt;&lt;img src=x onerror=<mark>ship</mark>&gt;"),
        ("İstanbul ship", "ship", "İstanbul <mark>ship</mark>"),
        ("die Ähre", "ähre", "die <mark>Ähre</mark>"),
        ("un cafe\u0301", "caf\u00e9", "un <mark>cafe\u0301</mark>"),
        ("un caf\u00e9", "cafe\u0301", "un <mark>caf\u00e9</mark>"),
        ("η ΟΔΟΣ", "ΟΔΟΣ", "η <mark>ΟΔΟΣ</mark>"),
        ("İSTANBUL", "İSTANBUL", "<mark>İSTANBUL</mark>"),
    ],
)
def test_passages_are_escaped_and_marked(alice, room, text, query, passage):
    make_message(room, alice.user, text)
    assert [row["highlight"] for row in search(alice, query)] == [passage]


def test_a_passage_of_a_long_text_is_near_the_first_mark(alice, room):
    make_message(room, alice.user, "before " * 300 + "ship " + "after " * 200)
    (row,) = search(alice, "ship")
    shown = unescape(re.sub("</?mark>", "", row["highlight"]))
    assert "<mark>ship</mark>" in row["highlight"]
    assert shown[0] == shown[-1] == "…"
    assert len(shown) == LENGTH + 2
    assert shown[1:-1] in row["text"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300)


@hypothesis(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TEXTS, after=TEXTS)
def test_no_text_gets_out_of_its_passage(alice, room, before, after):
    with transaction.atomic():
        make_message(room, alice.user, f"{before} ship {after}")
        (row,) = search(alice, "ship", room)
        transaction.set_rollback(True)
    passage = row["highlight"]
    assert "<mark>ship</mark>" in passage
    plain = re.sub("</?mark>", "", passage)
    assert not set("<>\"'") & set(plain)
    assert unescape(plain).strip("…") in f"{row['text']}…" or unescape(plain) == row["text"]


# -- costs -------------------------------------------------------------------------------------------------------------


def test_a_search_counts_as_five_requests(alice, room, settings):
    settings.REQUEST_QUOTAS = {"user": 100, "key": 100, "address": 100}
    responses = [alice.get(path, {"q": "ship"}) for path in (EVERYWHERE, url(room, "messages", "search"))]
    assert [re.findall(r'"user";r=(\d+)', each["RateLimit"]) for each in responses] == [["95"], ["90"]]


def test_a_search_costs_the_same_for_one_row_and_for_many(alice, room):
    """The session, the rows, the passages; SQLite asks how many rows there are, and marks words in memory."""
    costs = []
    for number in (1, 20):
        for _ in range(number):
            make_message(room, make_user(), "ship")
        search(alice, "ship")
        costs.append(statements(lambda: search(alice, "ship")))
    assert costs == [3, 3]


def test_a_search_that_takes_too_long_is_refused(alice, room, settings, monkeypatch):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SEARCH_SECONDS": 1.0}
    make_message(room, alice.user, "ship")
    counted = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"
    )
    slow = RawSQL(f"({counted}) > 0", [], output_field=BooleanField())
    with monkeypatch.context() as patch:
        patch.setattr(MessageSearchViewSet, "pages", None)
        patch.setattr(MessageSearchViewSet, "get_queryset", lambda view: Message.objects.filter(slow))
        response = alice.get(EVERYWHERE, {"q": "ship"})
    assert response.status_code == 400
    assert [(error["pointer"], error["code"]) for error in response.json()["errors"]] == [("/q", "too_slow")]
    assert found(alice, "ship") == ["ship"]
