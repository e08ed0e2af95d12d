"""One identity, several spellings: ids in capitals, names in any alphabet, texts with their spaces."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.urls import get_resolver
from django.urls.converters import UUIDConverter

from tests.api.conftest import url
from tests.factories import make_message
from tidewire.ids import uuid7
from tidewire.snapshots import canonical


def test_an_id_in_capitals_is_found_in_every_address(room, alice):
    mine = str(uuid7()).upper()
    made = alice.post(url(room, "messages"), {"id": mine, "text": "by an iPhone"})
    assert (made.status_code, made.json()["id"]) == (201, mine.lower())
    shouted = str(room.pk).upper()
    for address in (
        f"/api/v1/rooms/{shouted}/",
        f"/api/v1/rooms/{shouted}/messages/",
        f"/api/v1/rooms/{shouted}/messages/{mine}/",
        f"/api/v1/rooms/{shouted}/members/{str(alice.user.pk).upper()}/",
        f"/api/v1/streams/room:{shouted}/",
        f"/api/v1/streams/room:{shouted}/events/",
    ):
        assert alice.get(address).status_code == 200, address
    assert alice.get(f"/api/v1/streams/room:{shouted}/").json()["channel"] == f"room:{room.pk}"


def test_every_address_with_an_id_accepts_capitals():
    """The next resource is written with the converter `id`, not with Django's `uuid`, which refuses capitals."""

    def converters(patterns, prefix=""):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            yield from ((route, converter) for converter in getattr(pattern.pattern, "converters", {}).values())
            yield from converters(getattr(pattern, "url_patterns", ()), route)

    found = list(converters(get_resolver().url_patterns))
    assert len(found) > 20
    assert [route for route, converter in found if isinstance(converter, UUIDConverter)] == []


@pytest.mark.parametrize("key", ["0197AF00-0000-7000-8000-00000000ABCD", "0197af00-0000-7000-8000-00000000abcd"])
def test_the_key_of_a_stream_is_a_uuid_in_lower_case(key):
    assert canonical(f"room:{key}") == f"room:{UUID(key)}"


@pytest.mark.parametrize(
    "name", ["board:ABC", "room:0197AF", "room", "", "ROOM:1", "room:0197AF00-0000-7000-8000-00000000ABCG"]
)
def test_other_keys_may_tell_letters_apart(name):
    assert canonical(name) == name


@pytest.mark.parametrize("kind", ["rooms", "dashboards"])
@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Übung ПРИВЕТ", ("Übung", "übung", "ÜBUNG", "привет", "ПРИВЕТ", "Übung при")),
        ("Straße", ("straße", "STRASSE", "strasse")),
        ("ΣΊΣΥΦΟΣ", ("σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ")),
        ("50 % off_now\\x", ("50 %", "off_now", "\\x", "OFF")),
        ("漢字", ("漢",)),
    ],
)
def test_a_name_is_found_whatever_its_case_in_every_alphabet(alice, kind, name, asked):
    made = alice.post(f"/api/v1/{kind}/", {"name": name}).json()
    for text in asked:
        found = alice.get(f"/api/v1/{kind}/", {"name": text}).json()["results"]
        assert [row["id"] for row in found] == [made["id"]], text
    for text in ("xyz", "50 x", "off-now"):
        assert alice.get(f"/api/v1/{kind}/", {"name": text}).json()["results"] == []


@pytest.mark.parametrize(
    "text",
    ["    indented()\n    more()", "\tby a tab", "\u3000全角の字下げ", "ends with spaces  ", "\u00a0x", "a\n"],
)
def test_a_message_is_kept_as_it_was_sent(room, alice, text):
    address = url(room, "messages")
    answer = alice.post(address, {"text": text})
    assert answer.json()["text"] == text
    assert alice.post(f"{address}batch/", [{"text": text}]).json()[0]["text"] == text
    other = make_message(room, alice.user, "x")
    assert alice.patch(url(room, "messages", other.pk), {"text": text}).json()["text"] == text


@pytest.mark.parametrize("text", ["", " ", "\n", "\u3000", "\t \u00a0"])
def test_a_message_of_spaces_only_is_refused(room, alice, text):
    answer = alice.post(url(room, "messages"), {"text": text})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "blank")


def test_a_key_is_bound_to_the_stream_whatever_its_spelling(room, alice):
    shouted = f"room:{str(room.pk).upper()}"
    made = alice.post("/api/v1/keys/", {"name": "Robot", "scopes": ["messages:read"], "stream": shouted})
    assert (made.status_code, made.json()["stream"]) == (201, f"room:{room.pk}")
    assert [key["id"] for key in alice.get("/api/v1/keys/", {"stream": shouted}).json()["results"]] == [
        made.json()["id"]
    ]
