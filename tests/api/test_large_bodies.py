"""A large body costs little and is answered briefly, at every address that reads one."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from api.models import Key
from api.urls import urlpatterns
from tests.api.conftest import Person, pointers
from tests.factories import make_message
from tidewire.rest.errors import MAX_ERRORS, MAX_TEXT
from tidewire.rest.fields import ShortListField

pytestmark = pytest.mark.shown_on("sqlite")

MAX_ANSWER = 100 * 1024
MAX_SECONDS = 0.5
"""Of processor time. A list of 60,000 scopes took 1.9 s before lists were bounded."""

FIELDS = (
    *("at", "current_password", "email", "emoji", "expires_at", "id", "key", "kind", "mentions", "message", "name"),
    *("new_password", "password", "refresh", "reply_to", "retention_days", "role", "samples", "scopes", "stream"),
    *("text", "thresholds", "token", "unit", "user_id", "value", "visibility"),
)

LARGE: dict[str, Any] = {
    "lists of texts": dict.fromkeys(FIELDS, ["x" * 5] * 2_500),
    "one list of texts": {"scopes": ["messages:burn"] * 60_000, "mentions": ["x"] * 60, "name": "x", "text": "x"},
    "many mentions": {"mentions": ["x"] * 200_000, "text": "x"},
    "many samples": {"samples": [{"at": "x", "value": "y"}] * 15_000},
    "long texts": dict.fromkeys(FIELDS, "x" * 38_000),
    "one long text": {"name": "\u200b" * 300_000, "text": "x" * 1_000, "refresh": "x.y.z", "token": "x.y.z"},
    "a long token": {"refresh": "x" * 1_000_000},
    "another long token": {"token": "." * 1_000_000},
    "names that do not exist": {f"name{number}": number for number in range(40_000)},
    "a long name": {"x" * 1_000_000: 1},
    "objects": dict.fromkeys(FIELDS, [{}] * 700),
    "numbers": dict.fromkeys(FIELDS, [1] * 10_000),
    "a list": [{"text": 1}] * 15_000,
}


@pytest.fixture
def paths(alice: Person, room: Any, metric: Any) -> dict[str, str]:
    """{parameter of a route: the id of something that Alice may change}"""
    message = make_message(room, alice.user)
    key = Key.objects.issue(alice.user, made_by=alice.user, name="x", scopes=["me:read"])
    session = str(alice.user.sessions.get().pk)
    known = {"room_id": room.pk, "message_id": message.pk, "user_id": alice.id, "key_id": key.pk}
    return {**known, "dashboard_id": metric.dashboard_id, "metric_id": metric.pk, "session_id": session, "emoji": "x"}


def timed(person: Person, method: str, path: str, body: str) -> tuple[float, Any]:
    """Returns the processor time of a request, in seconds, and its answer."""
    begun = time.thread_time()
    answer = getattr(person, method)(path, body, content_type="application/json")
    return time.thread_time() - begun, answer


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_body_costs_little_and_is_answered_briefly(alice, paths, name):
    body = json.dumps(LARGE[name])
    slow = []
    for pattern in urlpatterns:
        for method in {"post", "put", "patch"} & {*pattern.callback.actions}:
            path = "/api/v1/" + re.sub(
                r"<\w+:(\w+)>", lambda match: str(paths.get(match[1], "x")), str(pattern.pattern)
            )
            seconds, answer = timed(alice, method, path, body)
            if seconds > MAX_SECONDS:  # again, because a busy machine costs processor time, too
                seconds, answer = timed(alice, method, path, body)
            if seconds > MAX_SECONDS or len(answer.content) > MAX_ANSWER:
                slow.append((method, path, answer.status_code, seconds, len(answer.content)))
    assert slow == []


def test_sixty_thousand_scopes_are_one_short_mistake(alice):
    answer = alice.post("/api/v1/keys/", {"name": "x", "scopes": ["messages:burn"] * 60_000})
    assert pointers(answer) == [("/scopes", "max_length")]


def test_an_answer_names_a_hundred_mistakes(room, alice):
    answer = alice.post(f"/api/v1/rooms/{room.pk}/messages/batch/", [{"text": 1, "reply_to": 2, "mentions": 3}] * 100)
    assert len(answer.json()["errors"]) == MAX_ERRORS


def test_an_answer_repeats_a_part_of_what_was_sent(alice):
    answer = alice.post("/api/v1/keys/", {"name": "x", "scopes": ["x" * 100_000]})
    (error,) = answer.json()["errors"]
    assert (error["code"], len(error["detail"])) == ("invalid_choice", MAX_TEXT)
    answer = alice.get("/api/v1/rooms/", {"x" * 3_000: "1"})
    assert len(answer.json()["errors"][0]["pointer"]) == MAX_TEXT


class Refusing(serializers.Field):
    """A field that must not be reached."""

    def to_internal_value(self, data: Any) -> Any:
        raise AssertionError


def all_fields(field: Any) -> list[Any]:
    """Returns a field of a serializer with all fields inside it that a client can write."""
    inside = [*getattr(field, "fields", {}).values(), getattr(field, "child", None)]
    found = [entry for part in inside if part is not None and not part.read_only for entry in all_fields(part)]
    return [field, *found]


def subclasses(kind: type) -> set[type]:
    return {kind}.union(*(subclasses(child) for child in kind.__subclasses__()))


def test_no_writable_list_validates_its_items_before_its_length():
    """In all serializers of the product: a list is a ShortListField, or its serializer reads it with a loop."""
    own = {kind for kind in subclasses(serializers.Serializer) if kind.__module__.startswith("api.serializers")}
    assert len(own) > 30
    plain = []
    for kind in sorted(own, key=lambda kind: kind.__qualname__):
        is_read = "to_internal_value" in vars(kind)
        for field in () if is_read else all_fields(kind()):
            is_list = isinstance(field, serializers.ListField | serializers.ListSerializer)
            if is_list and not isinstance(field, ShortListField) and is_input(kind):
                plain.append((kind.__qualname__, field.field_name))
    assert plain == []


def is_input(kind: type) -> bool:
    """Whether a view reads bodies with this serializer, by its name."""
    return any(word in kind.__name__ for word in ("Create", "Update", "Rotate", "Push", "Register", "Password"))


def test_a_short_list_looks_at_its_length_first():
    field = ShortListField(child=Refusing(), max_length=2)
    with pytest.raises(serializers.ValidationError) as refused:
        field.run_validation([1, 2, 3])
    assert refused.value.detail == [ErrorDetail("Ensure this field has no more than 2 elements.", "max_length")]
