"""The hostile corpus in every field that can be written, and in every other part of a request.

For every value, the status is below 500, an error is a problem document, a refused value is not stored, an accepted one
is stored as it was answered, and every list still works. The full product takes minutes: `make verify` runs it on both
databases, and here each field and place gets its share, half of it on each database, so that every value is tried
somewhere.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client

from api.auth import throttles
from api.models import Key, Member, Message
from tests.api.conftest import MISSING, Person, at, url
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, add_member, make_dashboard, make_message, make_metric, make_room, make_user
from tests.hostile import BODIES, REFUSED_VALUES, TEXTS, VALUES
from tests.rig.openapi import document, view_operations
from tests.rig.verify import IS_VERIFY
from tidewire.protocol import strict_json
from tidewire.webhooks import endpoints

pytestmark = pytest.mark.slow

SEEN_BY_ALL = ("api.member", "api.message", "api.room", "api.reaction", "api.mention", "api.readmarker", "api.user")
SEEN_BY_ALL += ("api.dashboard", "api.dashboardmember", "api.metric")


def share(values: list[Any], of: int, number: int) -> list[Any]:
    """Returns half of every `of`th value, beginning at another one for each number. The other database has the other
    half. In `make verify`, returns all values."""
    first = number + (of if connection.vendor == "postgresql" else 0)
    return values if IS_VERIFY else values[first % (2 * of) :: 2 * of]


@pytest.fixture(autouse=True)
def _quiet_and_patient(monkeypatch) -> Iterator[None]:
    """Without log lines for hundreds of errors, and without bounds on guessing."""
    monkeypatch.setattr(throttles, "PER_ACCOUNT", 10**6)
    monkeypatch.setattr(throttles, "PER_ADDRESS", 10**6)
    logging.disable(logging.ERROR)
    yield
    logging.disable(logging.NOTSET)


class World:
    """Alice's room with Bob in it and a message of hers; Charlie is outside."""

    def __init__(self) -> None:
        self.alice, self.bob, self.charlie = (Person(make_user(name)) for name in ("Alice", "Bob", "Charlie"))
        self.room = make_room(self.alice.user, self.bob.user)
        self.message = make_message(self.room, self.alice.user)
        self.key_id = str(Key.objects.create(user=self.alice.user, name="Robot", scopes=["me:read"]).pk)
        self.dashboard = make_dashboard(self.alice.user, self.bob.user)
        self.metric = make_metric(self.dashboard)
        self.webhook_id = str(endpoints.create(self.alice.id, url=HOOK).pk)

    def client(self) -> Client:
        """A signed-in client that does not check answers against openapi.yaml, because that is slow."""
        return Client(headers={"Authorization": f"Bearer {self.alice.token}"}, raise_request_exception=False)

    def lists(self) -> list[str]:
        rooms = [url(self.room, name) for name in ("messages", "members", "read")]
        return [
            url(),
            url() + "?discover=true",
            url(self.room),
            "/api/v1/me/",
            "/api/v1/me/sessions/",
            *rooms,
            *self._watched(),
        ]

    def _watched(self) -> list[str]:
        lists = [at("dashboards", self.dashboard.pk, *rest) for rest in ((), ("members",), ("metrics",))]
        return [at("dashboards"), *lists, at("metrics", self.metric.pk), at("metrics", self.metric.pk, "samples")]


@dataclass(frozen=True)
class Field:
    """One field of one write. `body` holds the others; `@` in the value's template is where the hostile value goes."""

    method: str
    path: Callable[[World], str]
    name: str
    body: dict[str, Any] = field(default_factory=dict)
    template: str = "@"
    whole: str = "@"
    rows: int = 1  # the rows that a 201 creates and events show; a new room or dashboard has its first member

    def text(self, value: str) -> str:
        rest = json.dumps(self.body)[1:-1]
        text = f'{{{rest}{"," if rest else ""}"{self.name}": {self.template.replace("@", value)}}}'
        return self.whole.replace("@", text)


def _token(name: str) -> Callable[[World], str]:
    return lambda w: f"/api/v1/token/{name}"


def _in_room(*rest: str) -> Callable[[World], str]:
    return lambda w: url(w.room, *rest)


def _message(w: World) -> str:
    return url(w.room, "messages", w.message.pk)


def _on_dashboard(*rest: str) -> Callable[[World], str]:
    return lambda w: at("dashboards", w.dashboard.pk, *rest)


def _of_metric(*rest: str) -> Callable[[World], str]:
    return lambda w: at("metrics", w.metric.pk, *rest)


def _webhook(*rest: str) -> Callable[[World], str]:
    return lambda w: at("webhooks", w.webhook_id, *rest)


def _fixed(path: str) -> Callable[[World], str]:
    return lambda w: f"/api/v1/{path}"


KEY = {"name": "Robot", "scopes": ["me:read"]}
HOOK = "https://hooks.example.com/tidewire"
NEW_USER = {"email": "eve@example.com", "name": "Eve", "password": PASSWORD}
FIELDS = {
    "register email": Field("POST", _fixed("users/"), "email", {"name": "Eve", "password": PASSWORD}),
    "register name": Field("POST", _fixed("users/"), "name", {"email": "eve@example.com", "password": PASSWORD}),
    "register password": Field("POST", _fixed("users/"), "password", {"email": "eve@example.com", "name": "Eve"}),
    "sign in email": Field("POST", _token(""), "email", {"password": PASSWORD}),
    "sign in password": Field("POST", _token(""), "password", {"email": "alice@example.com"}),
    "refresh": Field("POST", _token("refresh/"), "refresh"),
    "verify": Field("POST", _token("verify/"), "token"),
    "sign out": Field("POST", _token("blacklist/"), "refresh"),
    **{f"feed {name}": Field("POST", _fixed("streams/feed/"), name) for name in ("bookmark", "limit", "kind")},
    "my name": Field("PATCH", _fixed("me/"), "name"),
    "my password": Field("POST", _fixed("me/password/"), "current_password", {"new_password": "a long enough one"}),
    "my new password": Field("POST", _fixed("me/password/"), "new_password", {"current_password": "wrong"}),
    "room id": Field("POST", _fixed("rooms/"), "id", {"name": "Port"}, rows=2),
    "room name": Field("POST", _fixed("rooms/"), "name", rows=2),
    "room kind": Field("POST", _fixed("rooms/"), "kind", {"name": "Port"}, rows=2),
    "room user": Field("POST", _fixed("rooms/"), "user_id", {"kind": "direct"}, rows=2),
    "key id": Field("POST", _fixed("keys/"), "id", KEY, rows=0),
    "key name": Field("POST", _fixed("keys/"), "name", {"scopes": ["me:read"]}, rows=0),
    "key scopes": Field("POST", _fixed("keys/"), "scopes", {"name": "Robot"}, rows=0),
    "key end": Field("POST", _fixed("keys/"), "expires_at", KEY, rows=0),
    "key stream": Field("POST", _fixed("keys/"), "stream", KEY, rows=0),
    "key renamed": Field("PATCH", lambda w: f"/api/v1/keys/{w.key_id}/", "name"),
    "key rotated": Field("POST", lambda w: f"/api/v1/keys/{w.key_id}/rotate/", "expires_at", rows=0),
    **{
        f"batch {name}": Field("POST", _in_room("messages", "batch"), name, body, whole="[@]")
        for name, body in {"text": {}, **{key: {"text": "Ahoy"} for key in ("id", "reply_to", "mentions")}}.items()
    },
    "rename": Field("PATCH", _in_room(), "name"),
    "room kind changed": Field("PATCH", _in_room(), "kind"),
    "heir": Field("POST", _in_room("transfer"), "user_id"),
    "member": Field("POST", _in_room("members"), "user_id"),
    "member role": Field("POST", _in_room("members"), "role", {"user_id": MISSING}),
    "role": Field("PATCH", lambda w: url(w.room, "members", w.bob.id), "role"),
    "message id": Field("POST", _in_room("messages"), "id", {"text": "Ahoy"}),
    "message": Field("POST", _in_room("messages"), "text"),
    "reply": Field("POST", _in_room("messages"), "reply_to", {"text": "Ahoy"}),
    "mentions": Field("POST", _in_room("messages"), "mentions", {"text": "Ahoy"}),
    "mention": Field("POST", _in_room("messages"), "mentions", {"text": "Ahoy"}, "[@]"),
    "edit": Field("PATCH", _message, "text"),
    "mentions changed": Field("PATCH", _message, "mentions"),
    "read": Field("PUT", _in_room("read"), "message"),
    "dashboard id": Field("POST", _fixed("dashboards/"), "id", {"name": "Engines"}, rows=2),
    "dashboard name": Field("POST", _fixed("dashboards/"), "name", rows=2),
    "dashboard visibility": Field("POST", _fixed("dashboards/"), "visibility", {"name": "Engines"}, rows=2),
    "dashboard renamed": Field("PATCH", _on_dashboard(), "name"),
    "dashboard opened": Field("PATCH", _on_dashboard(), "visibility"),
    "dashboard member": Field("POST", _on_dashboard("members"), "user_id"),
    "dashboard member role": Field("POST", _on_dashboard("members"), "role", {"user_id": MISSING}),
    "dashboard role": Field("PATCH", lambda w: at("dashboards", w.dashboard.pk, "members", w.bob.id), "role"),
    "metric id": Field("POST", _on_dashboard("metrics"), "id", {"key": "rpm"}),
    "metric key": Field("POST", _on_dashboard("metrics"), "key"),
    **{
        f"metric {name}": Field("POST", _on_dashboard("metrics"), name, {"key": "rpm"})
        for name in ("kind", "name", "unit", "description", "retention_days", "thresholds")
    },
    "metric threshold": Field("POST", _on_dashboard("metrics"), "thresholds", {"key": "rpm"}, '{"above": @}'),
    **{
        f"metric {name} changed": Field("PATCH", _of_metric(), name)
        for name in ("name", "unit", "description", "retention_days", "thresholds")
    },
    "sample at": Field("POST", _of_metric("samples"), "at", {"value": 1}, rows=0),
    "sample value": Field("POST", _of_metric("samples"), "value", rows=0),
    "samples": Field("POST", _of_metric("samples"), "samples", rows=0),
    "sample of many": Field(
        "POST", _of_metric("samples"), "samples", {}, '[{"at": "2026-01-02T03:04:05Z", "value": @}]', rows=0
    ),
    "samples of many": Field("POST", _on_dashboard("samples"), "samples", rows=0),
    "sample by key": Field("POST", _on_dashboard("samples"), "samples", {}, '[{"metric": @, "value": 1}]', rows=0),
    **{
        f"webhook {name}": Field("POST", _fixed("webhooks/"), name, {} if name == "url" else {"url": HOOK}, rows=0)
        for name in ("id", "url", "description", "types", "streams", "max_events")
    },
    "webhook type": Field("POST", _fixed("webhooks/"), "types", {"url": HOOK}, "[@]", rows=0),
    "webhook stream": Field("POST", _fixed("webhooks/"), "streams", {"url": HOOK}, "[@]", rows=0),
    **{
        f"webhook {name} changed": Field("PATCH", _webhook(), name)
        for name in ("url", "description", "types", "streams", "max_events", "state")
    },
    "webhook rotated": Field("POST", _webhook("rotate"), "keep_seconds", rows=0),
    "unknown": Field("POST", _in_room("messages"), "surprise", {"text": "Ahoy"}),
}


FULLY = ("register email", "message", "mention", "room id")


def rows() -> dict[str, int]:
    return {name: apps.get_model(name).objects.count() for name in SEEN_BY_ALL}


def check(response: Any, what: object) -> None:
    """Asserts a status below 500, and a problem document for errors."""
    assert response.status_code < 500, (what, response.content[:300])
    if response.status_code >= 400:
        assert response["Content-Type"] == "application/problem+json", what
    if "json" in response.get("Content-Type", ""):  # `/` is a page
        strict_json.decode(response.content)


def check_lists(world: World, client: Client) -> None:
    """Asserts that every list and detail can be read, and that a client can send back what they show."""
    for path in world.lists():
        while path:
            response = client.get(path)
            assert response.status_code == 200, path
            path = strict_json.decode(response.content).get("next")


@pytest.mark.parametrize("name", FIELDS)
def test_every_value_in_every_field(db, name):
    world, field = World(), FIELDS[name]
    client, path, before = world.client(), field.path(world), rows()
    made, answers = 0, set()
    for value in share(VALUES, 1 if name in FULLY else 4, list(FIELDS).index(name)):
        response = client.generic(field.method, path, field.text(value), content_type="application/json")
        check(response, (name, value[:80]))
        if value in REFUSED_VALUES and value:  # empty brackets are an empty list
            assert response.status_code == 400, (name, value[:80])
        made += (
            response.status_code == 201 and response.content not in answers
        )  # a batch answers 201 for known ids, too
        answers.add(response.content)
    assert sum(rows().values()) - sum(before.values()) == made * field.rows
    check_lists(world, client)


def test_no_field_is_forgotten():
    """Every field of openapi.yaml that can be written is in this test."""
    schemas = document()["components"]["schemas"]
    described = set()
    for path, method, operation in view_operations():
        if content := operation.get("requestBody", {}).get("content"):
            schema = content["application/json"]["schema"]
            ref = schema.get("items", schema)["$ref"].rsplit("/", 1)[1]
            described |= {(method.upper(), path, name) for name in schemas[ref]["properties"]}
    tried = {(field.method, _described(field), field.name) for field in FIELDS.values() if field.name != "surprise"}
    assert described == tried


def _described(field: Field) -> str:
    class Names:
        pk = "{message_id}"
        id = "{user_id}"
        key_id = "{key_id}"
        webhook_id = "{webhook_id}"

    names = Names()
    names.room = type("Room", (), {"pk": "{room_id}"})
    names.message = names.bob = names
    names.dashboard, names.metric = (type("Row", (), {"pk": f"{{{name}_id}}"}) for name in ("dashboard", "metric"))
    return field.path(names)


@pytest.mark.parametrize("name", ["message", "my name"])
def test_accepted_values_are_shown_as_they_were_sent(db, name):
    world, field = World(), FIELDS[name]
    client, path = world.client(), field.path(world)
    accepted = refused = 0
    for value in share(VALUES, 1, 0):
        response = client.generic(field.method, path, field.text(value), content_type="application/json")
        codes = {error["code"] for error in response.json().get("errors", [])}
        refused += name == "my name" and not codes.isdisjoint({"invisible", "direction"})  # see ADR 0024
        if response.status_code < 300:
            shown = client.get(response["Location"] if response.status_code == 201 else path).json()
            sent = json.loads(value) if name == "message" else json.loads(value).strip()  # names are trimmed
            assert shown[field.name] == response.json()[field.name] == sent, value[:80]
            accepted += 1
    assert accepted + refused > 100


@pytest.mark.parametrize("path", ["rooms/", "users/", "token/", "token/refresh/", "me/password/"])
def test_whole_bodies(db, path):
    world = World()
    client, before = world.client(), rows()
    types = ["application/json", "application/json; charset=utf-16", "text/json", "", "x", "a/b;" * 99]
    for number, body in enumerate(BODIES):
        for content_type in types[:1] + share(types[1:], 5, number):
            response = client.generic("POST", f"/api/v1/{path}", body, content_type=content_type)
            check(response, (path, body[:40], content_type))
            assert response.status_code in (400, 413, 415)
    assert rows() == before


@pytest.mark.parametrize("name", ["limit", "cursor", "around", "discover", "surprise"])
@pytest.mark.parametrize("path", [url(), "messages", "members", "read", "/api/v1/me/sessions/"])
def test_every_text_in_every_query(db, name, path):
    world = World()
    client = world.client()
    path = path if path.startswith("/") else url(world.room, path)
    for text in share(TEXTS, 8, len(path) + len(name)):
        check(client.get(f"{path}?{name}={quote(text[:2000])}"), (path, name, text[:80]))
        check(client.get(path, QUERY_STRING=f"{name}={text[:2000].encode('utf-8', 'replace').decode('latin-1')}"), text)


@pytest.mark.parametrize("name", ["author", "created_after", "fields", "ordering", "reply_to"])
def test_every_text_in_every_filter(db, name):
    world = World()
    client = world.client()
    for text in share(TEXTS, 8, len(name)):
        check(client.get(url(world.room, "messages"), {name: text[:2000]}), (name, text[:80]))
        check(client.get(url(), {"name": text[:2000]}), text[:80])


def test_a_parameter_given_twice_is_refused(db):
    world = World()
    for query in ("limit=1&limit=1", "cursor=a&cursor=b", "discover=true&discover=false"):
        assert world.client().get(f"{url()}?{query}").status_code == 400


@pytest.mark.parametrize(
    "path",
    [
        "/@",
        "/api/@/",
        "/api/v1/@/",
        "/api/v1/rooms/@/",
        "/api/v1/streams/@/",
        "/api/v1/streams/room:@/",
        "/api/v1/me/sessions/@/",
        "{room}members/@/",
        "{room}messages/@/",
        "{message}reactions/@/",
    ],
)
def test_every_text_in_every_path(db, path):
    world = World()
    client, before = world.client(), rows()
    path = path.format(room=url(world.room), message=url(world.room, "messages", world.message.pk))
    methods = ["GET", "PUT", "DELETE"]
    for number, text in enumerate(share(TEXTS, 2, len(path))):
        for method in share(methods, 3, number):
            response = client.generic(method, path.replace("@", quote(text[:1000], safe="")))
            check(response, (method, path, text[:80]))
    assert sum(rows().values()) - sum(before.values()) <= 20  # the value is an emoji
    check_lists(world, client)


@pytest.mark.parametrize(
    "name",
    [
        "If-Match",
        "If-None-Match",
        "Accept",
        "X-Request-ID",
        "User-Agent",
        "Accept-Language",
        "Authorization",
        "Host",
        "Origin",
    ],
)
def test_every_text_in_every_header(db, name):
    world = World()
    client = world.client()
    body = {"email": world.alice.user.email, "password": PASSWORD}
    for text in share(TEXTS, 12, len(name)):
        given = text[:500].encode("utf-8", "replace").decode("latin-1")  # as servers pass on any bytes
        headers = {"Authorization": f"Bearer {world.alice.token}"} | {name: given}
        check(client.patch(url(world.room), {"name": "x"}, "application/json", headers=headers), (name, text[:80]))
        check(client.post("/api/v1/token/", body, "application/json", headers={name: given}), (name, text[:80]))
    check_lists(world, client)


def test_unexpected_fields_are_never_stored(transactional_db):
    """A client cannot set columns that the serializer does not show (mass assignment)."""
    world = World()
    everything = {
        "version": 99, "number": 99, "created_at": "2000-01-01T00:00:00Z", "updated_at": "2000-01-01T00:00:00Z",
        "edited_at": "2000-01-01T00:00:00Z", "deleted_at": "2000-01-01T00:00:00Z", "joined_at": "2000-01-01T00:00:00Z",
        "author": world.bob.id, "author_id": world.bob.id, "user": world.bob.id, "room": MISSING, "room_id": MISSING,
        "owner": world.bob.id, "is_staff": True, "is_superuser": True, "is_active": False, "direct_key": "x",
        "read_from": 99, "reactions": [{"emoji": "👍"}], "me": {"role": "owner"}, "tenant": 1, "seq": 1, "groups": [1],
    }  # fmt: skip
    client = ContractClient(HTTP_AUTHORIZATION=f"Bearer {world.alice.token}")
    posted = client.post(url(world.room, "messages"), everything | {"text": "Ahoy"}).json()
    edited = client.patch(url(world.room, "messages", posted["id"]), everything | {"text": "Aye"}).json()
    assert (edited["author"], edited["room"], edited["version"]) == (world.alice.json, str(world.room.pk), 2)
    assert Message.objects.get(pk=posted["id"]).number == 2
    assert edited["reactions"] == []
    assert client.patch(url(world.room), everything | {"name": "Port"}).json()["version"] == 2
    add_member(world.room, world.charlie.user)
    path = url(world.room, "members", world.charlie.id)
    assert client.patch(path, everything | {"role": "admin"}).json()["user"] == world.charlie.json
    assert client.patch("/api/v1/me/", everything | {"name": "A"}).json()["version"] == 2
    world.alice.user.refresh_from_db()
    assert (world.alice.user.is_staff, world.alice.user.is_active) == (False, True)
    assert Member.objects.filter(joined_at__year=2000).count() == 0
