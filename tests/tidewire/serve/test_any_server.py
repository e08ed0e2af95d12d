"""What every server of the application does alike: `serve`, plain daphne and uvicorn."""

from __future__ import annotations

import gzip
import json
import re
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.rig.rest import Person
from tests.rig.site import Server, Site, Sites
from tests.tidewire.serve.served import Other, Served, read_all, status

ORIGIN = "https://app.example"
MAX_BODY_BYTES = 4096
PRODUCTION = {
    "TIDEWIRE_MODE": "production",
    "ALLOWED_HOSTS": "api.example",
    "SECRET_KEY": "Zk3" + "q7Tt" * 12,
    "JWT_SIGNING_KEY": "Yw9" + "b2Kr" * 12,
    "METRICS_TOKEN": "a-token-for-metrics-0123456789",
    "TRUSTED_PROXIES": "1",
}
SERVERS: dict[str, Callable[[Site, Path], Server]] = {
    "serve": lambda site, log: Served(site.environment, log),
    "daphne": lambda site, log: Other(site.environment, log, "daphne"),
    "uvicorn": lambda site, log: Other(site.environment, log, "uvicorn"),
}


@pytest.fixture(scope="module", params=SERVERS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def started(sites: Sites, name: str, **settings: str) -> Iterator[Site]:
    site = sites.make("embedded", settings=settings)
    site.servers = [SERVERS[name](site, site.folder / "server.log")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def site(name: str, sites: Sites) -> Iterator[Site]:
    yield from started(sites, name, CORS_ALLOWED_ORIGINS=ORIGIN, MAX_BODY_BYTES=str(MAX_BODY_BYTES), BODY_SECONDS="2")


@pytest.fixture(scope="module")
def in_production(name: str, sites: Sites) -> Iterator[Site]:
    yield from started(sites, name, **PRODUCTION)


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


def send(server: Server, data: bytes, half_close: bool = False) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        connection.sendall(data)
        if half_close:
            connection.shutdown(socket.SHUT_WR)
        return read_all(connection)


def head(method: str, path: str, alice: Person, *lines: str) -> bytes:
    credential = f"Authorization: Bearer {alice.fresh_token()}"
    return "\r\n".join((f"{method} {path} HTTP/1.1", "Host: localhost", credential, *lines, "", "")).encode()


def in_chunks(method: str, path: str, alice: Person, body: bytes, size: int = 7) -> bytes:
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked", "Connection: close")
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    sent = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return head(method, path, alice, *lines) + sent + b"0\r\n\r\n"


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_in_chunks_is_read(site: Site, alice: Person) -> None:
    """For each method that has a body: POST, PATCH and PUT."""
    room = alice.make_room()
    path = f"/api/v1/rooms/{room}/"

    posted = send(site.server, in_chunks("POST", f"{path}messages/", alice, b'{"text": "in chunks"}'))
    patched = send(site.server, in_chunks("PATCH", path, alice, b'{"name": "after"}'))
    message = json.loads(posted.split(b"\r\n\r\n", 1)[1])
    marked = send(site.server, in_chunks("PUT", f"{path}read/", alice, json.dumps({"message": message["id"]}).encode()))

    assert (status(posted), message["text"]) == (201, "in chunks")
    assert (status(patched), alice.get(f"rooms/{room}/")["name"]) == (200, "after")
    assert status(marked) == 200


def test_a_body_in_chunks_is_limited(site: Site, alice: Person) -> None:
    body = json.dumps({"name": "x" * MAX_BODY_BYTES}).encode()

    assert status(send(site.server, in_chunks("POST", "/api/v1/rooms/", alice, body, size=1000))) == 413


def test_a_compressed_body_is_415(site: Site, alice: Person) -> None:
    plain = b'{"name": "x"}'
    for body in (gzip.compress(plain), plain):
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "Origin": ORIGIN}
        answer = httpx.post(f"{site.url}/api/v1/rooms/", content=body, headers=headers, trust_env=False)
        assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")
        assert answer.headers["access-control-allow-origin"] == ORIGIN


# -- answers -----------------------------------------------------------------------------------------------------------


def test_every_answer_has_one_date(site: Site, alice: Person) -> None:
    for path in ("/healthz", "/readyz", "/api/v1/rooms/", "/api/v1/nowhere/", "/api/docs/", "/nowhere"):
        assert len(httpx.get(site.url + path, trust_env=False).headers.get_list("date")) == 1, path
    refused = httpx.post(f"{site.url}/api/v1/rooms/", content=b"x" * (MAX_BODY_BYTES + 1), trust_env=False)
    assert (refused.status_code, len(refused.headers.get_list("date"))) == (413, 1)


def test_an_answer_without_content_has_no_length(site: Site, alice: Person) -> None:
    room = alice.make_room()
    message = alice.say(room, "hello")
    signed = {"Authorization": f"Bearer {alice.access}"}
    etag = httpx.get(f"{site.url}/api/v1/me/", headers=signed, trust_env=False).headers["etag"]

    last = "Connection: close"
    unmodified = send(site.server, head("GET", "/api/v1/me/", alice, f"If-None-Match: {etag}", last))
    deleted = send(site.server, head("DELETE", f"/api/v1/rooms/{room}/messages/{message['id']}/", alice, last))

    assert (status(unmodified), status(deleted)) == (304, 204)
    for answer in (unmodified, deleted):
        lines = answer.lower().split(b"\r\n\r\n")[0].split(b"\r\n")
        assert not [line for line in lines if line.startswith((b"content-length", b"transfer-encoding"))]
        assert answer.endswith(b"\r\n\r\n")


def test_a_page_of_a_listed_origin_may_read_every_refusal(site: Site) -> None:
    """Of the views, and those before them."""
    url = f"{site.url}/api/v1/rooms/"
    view = httpx.get(url, headers={"Origin": ORIGIN}, trust_env=False)
    large = httpx.post(url, content=b"x" * (MAX_BODY_BYTES + 1), headers={"Origin": ORIGIN}, trust_env=False)

    assert (view.status_code, large.status_code) == (401, 413)
    for name in ("access-control-allow-origin", "access-control-expose-headers"):
        assert large.headers[name] == view.headers[name]
    assert "origin" in large.headers["vary"].lower()
    other = httpx.post(url, content=b"x" * (MAX_BODY_BYTES + 1), headers={"Origin": "https://evil"}, trust_env=False)
    assert "access-control-allow-origin" not in other.headers


# -- in production -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_a_probe_by_the_address_of_a_pod_is_answered(in_production: Site, path: str) -> None:
    headers = {"Host": "10.42.8.201:8000", "Authorization": f"bearer {PRODUCTION['METRICS_TOKEN']}"}
    for extra in ({}, {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "http"}):
        answer = httpx.get(in_production.url + path, headers={**headers, **extra}, trust_env=False)
        assert answer.status_code == 200


def test_everything_else_is_refused_there(in_production: Site) -> None:
    headers = {"Host": "10.42.8.201", "X-Forwarded-Proto": "https"}
    assert httpx.get(f"{in_production.url}/api/v1/rooms/", headers=headers, trust_env=False).status_code == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_over_plain_http_keeps_its_method(in_production: Site, method: str) -> None:
    headers = {"Host": "api.example", "X-Forwarded-Proto": "http"}
    answer = httpx.request(method, f"{in_production.url}/api/v1/token/", headers=headers, trust_env=False)

    assert (answer.status_code, answer.headers["location"]) == (308, "https://api.example/api/v1/token/")


def test_a_read_over_plain_http_is_redirected(in_production: Site) -> None:
    headers = {"Host": "api.example", "X-Forwarded-Proto": "http"}
    assert httpx.get(f"{in_production.url}/api/docs/", headers=headers, trust_env=False).status_code == 301


def test_every_server_does_the_chores(name: str, sites: Sites) -> None:
    """A session that expired is deleted, and the metrics show it."""
    for site in started(sites, name, PRUNE_SECONDS="0.2"):
        site.person("alice")
        with closing(sqlite3.connect(site.folder / "tidewire.sqlite3", timeout=10)) as database, database:
            database.execute("UPDATE api_session SET expires_at = '2020-01-01 00:00:00'")
        deleted, until = 0.0, time.monotonic() + 30
        while not deleted and time.monotonic() < until:
            text = httpx.get(f"{site.server.url}/metrics", trust_env=False).text
            deleted = float((re.findall(r'tidewire_chore_deleted_rows\{chore="sessions".*?\} (\S+)', text) or [0])[0])
        assert deleted == 1
