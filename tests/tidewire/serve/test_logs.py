"""What a running server writes to its log: a line for each request and each socket, their ids, and never a secret."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.tidewire.serve.served import wait_until

TOKEN = "a-token-for-metrics"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"

Line = dict[str, Any]


@pytest.fixture(scope="module")
def site(make_site) -> Iterator[Site]:
    """Everything that any library logs, as JSON, from a server with a view that fails."""
    site = make_site(
        LOG_JSON="on",
        LOG_LEVEL="DEBUG",
        TIDEWIRE_EXTRA_APPS="tests.rig.crashing",
        METRICS_TOKEN=TOKEN,
        TRUSTED_PROXIES="1",
    )
    yield site
    site.new_logs()  # with the traceback of the view that fails


@pytest.fixture
def alice(site: Site) -> Person:
    return site.person("alice")


def text(site: Site) -> str:
    return site.server.log.read_text()


def lines(site: Site) -> list[Line]:
    return [json.loads(line) for line in text(site).splitlines()]


def lines_of(site: Site, request_id: str, count: int) -> list[Line]:
    """Returns all lines with this id, as soon as there are so many: a request's own line follows its answer."""
    assert wait_until(lambda: text(site).count(f'"{request_id}"') >= count, 10), text(site)[-3000:]
    return [line for line in lines(site) if line.get("request_id") == request_id]


# -- requests ----------------------------------------------------------------------------------------------------------


def test_a_request_is_one_line(site: Site, alice: Person) -> None:
    room = alice.make_room()
    headers = {"X-Request-ID": "one-line", "X-Forwarded-For": "203.0.113.5"}
    assert alice.send("GET", f"rooms/{room}/", headers=headers).status_code == 200

    (line,) = lines_of(site, "one-line", 1)
    assert line.pop("timestamp")
    assert line.pop("ms") > 0
    assert line == {
        "event": "GET api/v1/rooms/<id:room_id>/ 200",
        "level": "info",
        "logger": "tidewire.requests",
        "request_id": "one-line",
        "method": "GET",
        "route": "api/v1/rooms/<id:room_id>/",
        "protocol": "1.1",
        "status": 200,
        "user": alice.id,
        "address": "203.0.113.5",
    }


@pytest.mark.parametrize(
    ("path", "status", "code", "route"),
    [
        ("me/", 401, "not_authenticated", "api/v1/me/"),
        ("nowhere/", 404, "not_found", "api/<path:rest>"),
        ("streams/user:1/log/", 401, "not_authenticated", "api/v1/streams/<str:name>/log/"),
        ("streams/events/?stream=user:1", 401, "not_authenticated", "api/v1/streams/events/"),
    ],
)
def test_a_refused_request_is_one_line_and_no_warning(
    site: Site, path: str, status: int, code: str, route: str
) -> None:
    request_id = f"refused-{status}-{len(path)}"
    answer = site.server.get(f"/api/v1/{path}", headers={"X-Request-ID": request_id, "traceparent": PARENT})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (status, request_id)
    assert (answer.json()["instance"], answer.json()["trace_id"]) == (f"urn:request:{request_id}", TRACE)

    (line,) = lines_of(site, request_id, 1)
    assert (line["level"], line["status"], line["code"], line["route"]) == ("info", status, code, route)
    assert line["trace_id"] == TRACE


def test_every_line_of_a_crash_has_the_id_that_the_client_was_given(site: Site) -> None:
    answer = site.server.get("/api/v1/crash/")
    assert answer.status_code == 500
    request_id = answer.headers["X-Request-ID"]
    assert answer.json()["instance"] == f"urn:request:{request_id}"

    own, django, access = lines_of(site, request_id, 3)
    assert (own["event"], own["step"]) == ("about to fail", 3)
    assert "RuntimeError: planted" in django["exception"]
    assert (access["status"], access["route"], access["code"]) == (500, "api/v1/crash/", "error")


def test_a_body_that_is_too_large_has_an_id_and_a_line(site: Site, alice: Person) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {alice.access}"}

    def chunks() -> Iterator[bytes]:
        yield from [b"x" * 65536] * 17

    answer = httpx.post(f"{site.url}/api/v1/rooms/", content=chunks(), headers=headers, trust_env=False)
    assert answer.status_code == 413  # refused by the server, before there is a request


def test_a_call_over_a_socket_is_a_line(site: Site, alice: Person) -> None:
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        client.send({"id": 2, "rpc": {"method": "api.call", "data": {"method": "GET", "path": "/api/v1/me/"}}})
        client.reply(2)
    assert [line["user"] for line in lines(site) if line["event"] == "GET api/v1/me/ 200"][-1] == alice.id


def test_the_lines_can_be_turned_off(make_site) -> None:
    site = make_site(ACCESS_LOG="off")
    alice = site.person("alice")
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
    site.server.get("/nowhere")
    site.server.terminate()
    assert "api/v1/" not in text(site)
    assert "socket closed" not in text(site)
    assert "serving, process" in text(site)  # and it is readable


# -- sockets -----------------------------------------------------------------------------------------------------------


def closed(site: Site, user: str) -> Line:
    """Returns the line of the end of this user's socket."""

    def found() -> list[Line]:
        return [line for line in lines(site) if line["logger"] == "tidewire.sockets" and line.get("user") == user]

    assert wait_until(lambda: bool(found()), 10)
    (line,) = found()
    return line


def test_the_end_of_a_socket_is_one_line(site: Site, alice: Person) -> None:
    room = alice.make_room()
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        before = client.subscribe(channel(room))["subscribe"]
        for number in range(3):
            alice.say(room, f"message {number}")
            client.receive()
    with RawSocket(site.ws_url) as other:  # whose end is not looked at
        other.connect(site.person("bob").fresh_token())

    line = closed(site, alice.id)
    assert line["event"] == "socket closed 1000 by the client"
    assert (line["code"], line["side"], line["events"], line["address"]) == (1000, "client", 3, "127.0.0.1")
    assert 0 < line["seconds"] < 30
    assert before["epoch"]


def test_it_names_the_code_of_the_server_and_counts_what_was_recovered(site: Site, alice: Person) -> None:
    room = alice.make_room()
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        position = client.subscribe(channel(room), recover=True, offset=0, epoch="")["subscribe"]
        before = len(position.get("publications", []))
        client.send_frame("not JSON")
        assert client.close_code() == 3501

    line = closed(site, alice.id)
    assert (line["code"], line["side"], line["events"]) == (3501, "server", before)


def test_a_close_by_the_servers_protocol_is_the_servers(site: Site, alice: Person) -> None:
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        client.send_frame("x" * 300_000)
        assert client.close_code() == 1009

    assert (closed(site, alice.id)["code"], closed(site, alice.id)["side"]) == (1009, "server")


# -- secrets -----------------------------------------------------------------------------------------------------------


def test_no_secret_is_logged_at_any_door(site: Site, alice: Person) -> None:
    """Uses secrets, and bodies with a mark, rightly and wrongly wherever a client can put them."""
    mark = "zebra-crossing-in-a-body"
    password = alice.password
    key = alice.post("keys/", {"name": "robot", "scopes": ["rooms:read", "rooms:write"]})["key"]
    secrets = [alice.access, alice.refresh, password, key, TOKEN]
    room = alice.make_room()
    alice.say(room, mark)
    anybody = httpx.Client(base_url=site.url, trust_env=False, timeout=10)

    def ask(method: str, path: str, status: int | None = None, **options: Any) -> None:
        answer = anybody.request(method, path, **options)
        assert status is None or answer.status_code == status, (path, answer.status_code, answer.text)

    wrong = alice.access[:-4] + "aaaa"
    secrets.append(wrong)
    ask("POST", "/api/v1/token/", 401, json={"email": alice.email, "password": f"{password}{mark}"})
    ask("POST", "/api/v1/token/", 400, json={mark: mark})
    ask("POST", "/api/v1/token/refresh/", 401, json={"refresh": wrong})
    ask("POST", "/api/v1/token/verify/", json={"token": alice.refresh})
    ask("POST", "/api/v1/users/", 400, json={"email": mark, "password": password, "name": "x"})
    ask("POST", "/api/v1/rooms/", 400, content=f'{{"name": "{mark}", "name": "{mark}"}}', headers=bearer(key))
    ask("POST", "/api/v1/rooms/", 400, content=f'{{"{mark}": ', headers=bearer(key))
    for token in (alice.access, key, wrong):
        ask("GET", "/api/v1/me/", headers=bearer(token))
        ask("GET", "/api/v1/me/", headers={"Authorization": f"Basic {basic(token)}"})
        ask("GET", f"/api/v1/rooms/?token={token}&access_token={mark}")
        ask("GET", f"/api/v1/{token}/")
        ask("GET", f"/{mark}/{token}?{mark}")
        ask("GET", "/api/v1/me/", headers={"Host": f"{token}.example", **bearer(token)})
        ask("GET", "/api/v1/me/", headers={"Cookie": f"sessionid={token}", "X-Request-ID": f"{token} x"})
        ask("GET", f"/api/v1/streams/events/?stream=room:{room}&token={token}", headers={"X-Any": mark})
        ask("GET", f"/api/v1/streams/room:{token}/log/", headers=bearer(token))
        ask("GET", f"/connection/sse?cf_connect={quote(json.dumps({'id': 1, 'connect': {'token': token}}))[:-3]}")
        ask("POST", "/connection/http_stream", content=f'{{"{token}": "{mark}"')
        ask("POST", "/emulation", content=f'{{"{token}": "{mark}"}}')
        ask("POST", "/admin/login/", data={"username": alice.email, "password": password, "next": token})
        ask("GET", "/metrics", headers=bearer(token))
        ask("GET", f"/api/v1/crash/?token={token}", 500, headers={"X-Any": mark, **bearer(token)})
        for url in (site.ws_url, site.ws_url.replace("connection/websocket", "ws/chat/")):
            for frame in (
                f'{{"id": 1, "connect": {{"token": "{token}"}}}}',
                f'{{"{token}": "{mark}"',
                f"{mark} {token}",
            ):
                with RawSocket(f"{url}?token={token}") as client:
                    client.send_frame(frame)
                    client.send_frame(f'{{"id": 2, "rpc": {{"method": "{mark}", "data": "{token}"}}}}')
                    client.send_frame(f'{{"id": 3, "publish": {{"channel": "{token}", "data": "{mark}"}}}}')
        with pytest.raises(InvalidStatus):
            RawSocket(f"{site.ws_url}/{token}/{mark}?{token}")
    ask("GET", "/metrics", headers=bearer(TOKEN))
    ask("GET", "/nowhere", 404, headers={"X-Request-ID": "the-last"})
    lines_of(site, "the-last", 1)

    found = text(site)
    assert [secret for secret in (*secrets, mark) if secret in found] == []
    pieces = {piece for secret in (alice.access, alice.refresh, key) for piece in re.split(r"[._]", secret)[1:]}
    assert [piece for piece in pieces if len(piece) > 12 and piece in found] == []
    assert not [line for line in lines(site) if line["level"] == "warning" and " 4" in line["event"]]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}


def basic(token: str) -> str:
    return base64.b64encode(f"user:{token}".encode()).decode()


def test_what_looks_like_a_token_is_hidden_in_any_line() -> None:
    """Also in what a library logs, such as a path."""
    from backend.logs import JsonLines

    token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
    key = "tw_live_0000000000000000000001_" + "aB3" * 12 + "xy"
    record = logging.LogRecord("any", logging.INFO, "", 0, "GET /x?t=%s&k=%s Bearer %s", (token, key, "s3"), None)
    line = json.loads(JsonLines().format(record))
    assert line["event"] == "GET /x?t=[hidden]&k=[hidden] [hidden]"
