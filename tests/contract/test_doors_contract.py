"""The doors in openapi.yaml: each has an entry, and every kind of caller gets the described answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.rig import openapi
from tests.rig.http_events import EventReader
from tests.rig.rest import channel
from tests.rig.site import Site
from tidewire.asgi import door_routes

CALLERS = ("anonymous", "stranger", "member", "key without scope", "key with scope", "revoked key")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
FIRST = '{"id":1,"connect":{}}'

# anonymous, stranger, member, key without scope, key with scope, revoked key
MATRIX = {
    "streams_log": (401, 404, 200, 404, 200, 401),
    "streams_log_head": (401, 404, 200, 404, 200, 401),
    "streams_event_source": (401, 404, 200, 404, 200, 401),
    # The connection itself refuses the credential, by the protocol's codes.
    "connection_http_stream": (200, 200, 200, 200, 200, 200),
    "connection_sse": (200, 200, 200, 200, 200, 200),
    "connection_sse_post": (200, 200, 200, 200, 200, 200),
    # The session is the secret.
    "connection_emulation": (404, 404, 404, 404, 404, 404),
}
QUERIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "streams_event_source": lambda room: {"stream": channel(room)},
    "connection_sse": lambda room: {"cf_connect": FIRST},
}
BODIES = {
    "connection_http_stream": FIRST,
    "connection_sse_post": FIRST,
    "connection_emulation": '{"session":"none","node":"none","data":"{}"}',
}
OPERATIONS = {op["operationId"]: (method, path, op) for path, method, op in openapi.door_operations()}
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(embedded_site: Site) -> tuple[str, dict[str, str]]:
    """Returns a room, and {caller: credential}."""
    member, stranger = embedded_site.people("mia", "stan")
    room = member.make_room()
    member.say(room, "Ahoy")
    keys = {}
    for name, scope in (("key without scope", "me:read"), ("key with scope", "streams:read"), ("revoked key", "")):
        keys[name] = member.post("keys/", {"name": name, "scopes": [scope or "streams:read"]})
    member.delete(f"keys/{keys['revoked key']['id']}/")
    credentials = {name: key["key"] for name, key in keys.items()}
    return room, {"anonymous": "", "stranger": stranger.access, "member": member.access, **credentials}


def test_every_door_has_an_entry_and_no_other_is_left():
    assert {path for path, _, _ in openapi.door_operations()} == openapi.door_paths()
    assert len(openapi.door_paths()) == len(door_routes("api/v1/"))
    assert set(MATRIX) == set(OPERATIONS)


def begin(site: Site, credential: str, name: str, room: str, **options: Any) -> tuple[httpx.Response, bytes]:
    """Sends the request; returns the answer, and its body up to the first part of a response that stays open."""
    method, path, _ = OPERATIONS[name]
    headers = {"Authorization": f"Bearer {credential}"} if credential else {}
    if name in BODIES:
        headers["Content-Type"] = "application/json"
    params = options.pop("params", None) or QUERIES.get(name, lambda room: {})(room)
    body = options.pop("content", BODIES.get(name))
    url = site.url + path.replace("{name}", channel(room))
    headers |= options.pop("headers", {})
    with (
        httpx.Client(timeout=20, trust_env=False) as client,
        client.stream(method.upper(), url, params=params, headers=headers, content=body) as answer,
    ):
        is_complete = "content-length" in answer.headers or answer.status_code in (204, 304)
        return answer, answer.read() if is_complete else next(answer.iter_raw(), b"")


def check(name: str, answer: httpx.Response, body: bytes) -> None:
    method, path, _ = OPERATIONS[name]
    if answer.headers.get("content-type") == "application/json" and "content-length" not in answer.headers:
        body = b"{}"  # lines of JSON, as they come
    openapi.check_answer(method, path, answer.status_code, answer.headers, body)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_every_caller_gets_the_answer_of_the_table(embedded_site: Site, world: Any, name: str):
    room, credentials = world
    answered = {}
    for caller in CALLERS:
        answer, body = begin(embedded_site, credentials[caller], name, room)
        check(name, answer, body)
        answered[caller] = answer.status_code
    assert answered == dict(zip(CALLERS, MATRIX[name], strict=True))


@pytest.mark.parametrize("path", sorted(openapi.door_paths()))
def test_every_other_method_is_refused_and_the_allowed_ones_are_named(embedded_site: Site, world: Any, path: str):
    room, credentials = world
    described = {method.upper() for each, method, _ in openapi.door_operations() if each == path}
    for method in set(METHODS) - described:
        answer = httpx.request(
            method,
            embedded_site.url + path.replace("{name}", channel(room)),
            headers={"Authorization": f"Bearer {credentials['member']}"},
            trust_env=False,
        )
        assert answer.status_code == 405, method
        assert set(re.split(", *", answer.headers["allow"])) - {"OPTIONS"} == described
        openapi.check_answer(method.lower(), path, 405, answer.headers, answer.content)


@pytest.mark.parametrize(
    ("params", "headers", "status"),
    [
        ({"offset": "nonsense"}, {}, 400),
        ({"live": "sse"}, {}, 400),
        ({"offset": "now"}, {}, 200),
        ({"offset": "-1", "live": "sse"}, {}, 200),
        ({"offset": "-1", "live": "long-poll"}, {}, 200),
        ({"offset": f"{1:010d}_{1:016d}_another"}, {}, 410),
        ({"offset": "-1"}, {"If-None-Match": "*"}, 304),
    ],
    ids=str,
)
def test_the_answers_of_a_log(embedded_site: Site, world: Any, params: Any, headers: Any, status: int):
    room, credentials = world
    answer, body = begin(embedded_site, credentials["member"], "streams_log", room, params=params, headers=headers)
    assert answer.status_code == status
    check("streams_log", answer, body)
    described = OPERATIONS["streams_log"][2]["responses"].get(str(status), {}).get("headers", {})
    sent = {name for name in answer.headers if name.startswith("stream-") and status < 400}
    assert sent <= {name.lower() for name in described}


def test_a_message_for_a_connection(embedded_site: Site, world: Any):
    """204, and the reply stands in the response."""
    _, credentials = world
    with httpx.Client(timeout=20, trust_env=False) as client:
        reader = EventReader(f"{embedded_site.url}/connection/sse?cf_connect={FIRST}", credentials["member"])
        reply = reader.next()
        assert reply is not None
        connected = reply.data["connect"]
        sent = {"session": connected["session"], "node": connected["node"], "data": '{"id":2,"ping":{}}'}
        answer = client.post(f"{embedded_site.url}/emulation", json=sent)
        reader.close()
    assert answer.status_code == 204
    check("connection_emulation", answer, answer.content)
