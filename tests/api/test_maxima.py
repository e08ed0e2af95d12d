"""Every documented maximum of REST is used to the full: no other limit is in its way, and one more is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from api.models import Message
from api.models.messages import MAX_MENTIONS
from api.models.reactions import MAX_DISTINCT
from api.serializers import messages, samples
from api.views.messages import MAX_BATCH
from tests.api.conftest import at, pointers, problem, url
from tests.factories import add_member, make_message, make_metric, make_user
from tests.rig.openapi import document

LONGEST = messages.MAX_LENGTH
CHARACTERS = {"ascii": "x", "quote": '"', "accent": "é", "kana": "あ", "emoji": "🙂"}
pytestmark = [pytest.mark.django_db, pytest.mark.shown_on("sqlite")]


def post_text(person, path: str, body: str):
    return person.generic("POST", path, body.encode(), content_type="application/json")


def schema(name: str) -> dict:
    return document()["components"]["schemas"][name]


@pytest.mark.parametrize("is_escaped", [False, True], ids=["utf8", "escaped"])
@pytest.mark.parametrize("character", CHARACTERS.values(), ids=CHARACTERS)
def test_a_full_batch_of_the_longest_messages(room, bob, character, is_escaped):
    """100 messages of 4,000 characters, also from clients that write each character as `\\uXXXX`."""
    items = [{"text": character * LONGEST}] * MAX_BATCH
    response = post_text(bob, url(room, "messages", "batch"), json.dumps(items, ensure_ascii=is_escaped))
    assert response.status_code == 201, response.content[:300]
    assert Message.objects.filter(text=character * LONGEST).count() == MAX_BATCH


def test_one_message_more_and_one_character_more(room, bob):
    path = url(room, "messages", "batch")
    assert pointers(bob.post(path, [{"text": "x"}] * (MAX_BATCH + 1))) == [("", "length")]
    assert pointers(bob.post(path, [{"text": "x" * (LONGEST + 1)}])) == [("/0/text", "max_length")]


def test_a_full_batch_in_which_each_message_mentions_as_many_as_may_be(room, bob):
    people = [str(add_member(room, make_user()).user_id) for _ in range(MAX_MENTIONS)]
    items = [{"text": "x" * LONGEST, "mentions": people}] * MAX_BATCH
    response = bob.post(url(room, "messages", "batch"), items)
    assert response.status_code == 201, response.content[:300]
    assert response.json()[-1]["mentions"] == people
    many = [*people, str(bob.id)]
    assert pointers(bob.post(url(room, "messages"), {"text": "x", "mentions": many})) == [("/mentions", "max_length")]


def test_a_message_with_as_many_emoji_as_may_be(room, bob):
    message = make_message(room, bob.user)
    for number in range(MAX_DISTINCT):
        path = url(room, "messages", message.pk, "reactions", chr(0x1F600 + number))
        assert bob.put(path).status_code == 201
    more = url(room, "messages", message.pk, "reactions", chr(0x1F600 + MAX_DISTINCT))
    assert problem(bob.put(more)) == (409, "too_many_emoji")


def measured(count: int, **more: str) -> dict:
    """Returns a batch of samples at different times, each with all digits that a double and a time have."""
    start = timezone.now() - timedelta(hours=1)
    times = (start + timedelta(microseconds=1_001 * number) for number in range(count))
    return {"samples": [{"at": each.isoformat(), "value": -1.2345678901234567e-300, **more} for each in times]}


@pytest.mark.parametrize("is_of_a_dashboard", [False, True])
def test_a_full_batch_of_samples(dashboard, bob, is_of_a_dashboard):
    key = "k" * 64
    metric = make_metric(dashboard, key=key)
    path = at("dashboards", dashboard.pk, "samples") if is_of_a_dashboard else at("metrics", metric.pk, "samples")
    more = {"metric": key} if is_of_a_dashboard else {}
    response = bob.post(path, measured(samples.MAX_BATCH, **more))
    assert (response.status_code, response.json()) == (201, {"recorded": samples.MAX_BATCH})
    assert problem(bob.post(path, measured(samples.MAX_BATCH + 1, **more))) == (400, "invalid")


def test_a_body_as_long_as_the_limit_and_one_byte_longer(alice):
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    body = '{"name": "x", "kind": "private"}'
    assert post_text(alice, url(), body + " " * (limit - len(body))).status_code == 201
    assert problem(post_text(alice, url(), body + " " * (limit - len(body) + 1))) == (413, "too_large")


def test_a_body_of_too_many_lists(alice):
    """A list takes two bytes on the wire and 64 in memory, so they are bounded apart from the body."""
    response = post_text(alice, url(), json.dumps({"name": [[]] * 20_000}))
    assert problem(response) == (400, "parse_error")


def test_the_document_names_the_same_maxima():
    batch = document()["paths"]["/api/v1/rooms/{room_id}/messages/batch/"]["post"]["requestBody"]
    assert batch["content"]["application/json"]["schema"]["maxItems"] == MAX_BATCH
    fields = schema("MessageCreateRequest")["properties"]
    assert (fields["text"]["maxLength"], fields["mentions"]["maxItems"]) == (LONGEST, MAX_MENTIONS)
