"""The proxies of deploy/ in front of a real `serve`: one list of checks, for nginx and for Caddy."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.rig.http_events import EventReader
from tests.rig.proxies import CADDY, NGINX, PROXIES, caddy_program
from tests.rig.raw import RawSocket
from tests.rig.rest import API, Person, channel
from tests.rig.site import Server, Site, Sites
from tests.rig.verify import program
from tests.tidewire.serve.served import Served, wait_until

pytestmark = pytest.mark.verify

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
TOKEN = "token-of-the-scraper"


# -- what reaches the server -------------------------------------------------------------------------------------------


class DyingServer:
    """A server that answers GET and keeps the connection, and ends it with each POST, as a worker that is killed after
    it has stored what it was sent. `received` counts requests by method, `heads` are what came before their bodies."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.received: Counter[str] = Counter()
        self.heads: list[str] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def headers(self, name: str) -> list[str]:
        """Returns the values of a header in the last request, without empty ones."""
        found = re.findall(rf"(?im)^{name}: *(.*?)\r$", self.heads[-1])
        return [value for value in found if value]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            while head := _head(connection):
                method = head.split(b" ", 1)[0].decode()
                self.received[method] += 1
                self.heads.append(head.decode())
                if method != "GET":
                    return
                connection.sendall(OK)


def _head(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return b""
        received += piece
    return received


@pytest.fixture(scope="module", params=sorted(PROXIES))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def before_dying(name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DyingServer, str]]:
    """Yields a dying server, and the address of the proxy before it."""
    server = DyingServer()
    with PROXIES[name](tmp_path_factory.mktemp("proxy") / name, server.port) as url:
        yield server, url
    server.close()


def test_a_post_is_sent_once_also_when_its_worker_dies(before_dying: tuple[DyingServer, str]) -> None:
    server, url = before_dying
    with httpx.Client(base_url=url, trust_env=False) as client:
        for n in range(20):
            assert client.get("/").status_code == 200  # leaves a connection that the proxy keeps for the POST
            assert client.post("/", content=b"x").status_code == 502
            assert server.received["POST"] == n + 1


PATHS = ("/", "/api/v1/rooms/", "/connection/websocket", "/connection/sse", "/ws/chat/", "/emulation")
"""A file may treat each in another way; all must treat a client's headers alike."""


@pytest.mark.parametrize("path", PATHS)
def test_the_host_keeps_its_port(before_dying: tuple[DyingServer, str], path: str) -> None:
    server, url = before_dying
    host = f"chat.example.com:{url.rpartition(':')[2]}"
    httpx.get(url + path, headers={"Host": host}, trust_env=False)
    assert server.headers("host") == [host]


@pytest.mark.parametrize("path", PATHS)
def test_what_a_client_says_of_its_address_is_dropped(before_dying: tuple[DyingServer, str], path: str) -> None:
    server, url = before_dying
    forged = {
        "X-Forwarded-For": "203.0.113.1, 203.0.113.2",
        "X-Forwarded-Proto": "https",
        "X-Real-IP": "203.0.113.3",
        "Forwarded": "for=203.0.113.4",
        "Daphne-Root-Path": "/elsewhere",
    }
    httpx.get(url + path, headers=forged, trust_env=False)
    assert server.headers("x-forwarded-for") == ["127.0.0.1"]
    assert server.headers("x-forwarded-proto") == ["http"]
    for header in ("x-real-ip", "forwarded", "daphne-root-path"):
        assert server.headers(header) == []


# -- what comes back ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(sites: Sites) -> Iterator[Site]:
    settings = {"TRUSTED_PROXIES": "1", "METRICS_TOKEN": TOKEN, "MAX_CONNECTIONS_PER_USER": "0"}
    site = sites.make("embedded", settings=settings)
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def url(name: str, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the proxy before the site."""
    with PROXIES[name](tmp_path_factory.mktemp("proxy") / name, site.server.port) as url:
        yield url


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture
def room(alice: Person) -> str:
    return alice.make_room()


def of_log(url: str, alice: Person, room: str) -> EventReader:
    return EventReader(f"{url}{API}streams/{channel(room)}/log/?live=sse&offset=now", alice.access)


def of_events(url: str, alice: Person, room: str) -> EventReader:
    return EventReader(f"{url}{API}streams/events/?stream={channel(room)}", alice.access)


def of_fallback(url: str, alice: Person, room: str) -> EventReader:
    connect = {"id": 1, "connect": {"token": alice.access}}
    subscribe = {"id": 2, "subscribe": {"channel": channel(room)}}
    first = f"{json.dumps(connect)}\n{json.dumps(subscribe)}"
    return EventReader(str(httpx.URL(f"{url}/connection/sse", params={"cf_connect": first})))


@pytest.mark.parametrize("opened", [of_log, of_events, of_fallback])
def test_each_event_of_an_open_response_comes_at_once(
    url: str, site: Site, alice: Person, room: str, opened: Callable[[str, Person, str], EventReader]
) -> None:
    """The proxy holds nothing back until a buffer is full or the response ends, and tells of a client that leaves."""
    reader = opened(url, alice, room)
    assert reader.response.status_code == 200
    wait_until(lambda: connections(site) == 1)
    assert reader.next() is not None
    for text in ("one", "two"):
        alice.say(room, text)
        while text not in str((reader.next() or pytest.fail("the response has ended")).data):
            pass
    reader.close()
    assert wait_until(lambda: connections(site) == 0, 15)


def connections(site: Site) -> float:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    text = httpx.get(f"{site.url}/metrics", headers=headers, trust_env=False, timeout=30).text
    return float(re.findall(r"^tidewire_connections (\S+)$", text, re.M)[0])


def test_a_long_poll_is_answered_by_the_next_event(url: str, site: Site, alice: Person, room: str) -> None:
    address = f"{url}{API}streams/{channel(room)}/log/?live=long-poll&offset=now"
    headers = {"Authorization": f"Bearer {alice.access}"}
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(httpx.get, address, headers=headers, timeout=40, trust_env=False)
        assert wait_until(lambda: connections(site) == 1)
        alice.say(room, "hello")
        answer = asked.result(10)
    assert (answer.status_code, answer.json()[0]["data"]["text"]) == (200, "hello")


def test_a_socket_is_upgraded_and_hears_of_events(url: str, alice: Person, room: str) -> None:
    with RawSocket(url.replace("http", "ws", 1) + "/connection/websocket") as client:
        client.connect(alice.access)
        client.send({"id": 2, "subscribe": {"channel": channel(room)}})
        assert "subscribe" in client.reply(2)
        alice.say(room, "hello")
        assert client.receive()["push"]["pub"]["data"]["data"]["text"] == "hello"


def test_probes_are_answered_and_metrics_need_the_token(url: str) -> None:
    assert [httpx.get(url + path, trust_env=False).status_code for path in ("/healthz", "/readyz")] == [200, 200]
    assert httpx.get(f"{url}/metrics", trust_env=False).status_code == 404
    allowed = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False)
    assert "tidewire_connections" in allowed.text


def test_bodies_pass_and_the_server_refuses_those_that_are_too_long(url: str, alice: Person) -> None:
    """With a problem document, where the proxy would have a page of its own."""
    headers = {"Authorization": f"Bearer {alice.access}"}
    made = httpx.post(f"{url}{API}rooms/", json={"name": "x" * 100}, headers=headers, trust_env=False)
    assert made.status_code == 201
    for size in (300_000, 5_500_000):
        refused = httpx.post(
            f"{url}{API}rooms/", json={"name": "x" * size}, headers=headers, timeout=30, trust_env=False
        )
        assert refused.status_code in (400, 413)
        assert refused.headers["content-type"] == "application/problem+json"


def test_a_page_of_the_same_host_and_port_may_connect(url: str) -> None:
    """The Origin of a browser has the port, and so must the Host that the proxy sends."""
    origin = {"Origin": url}
    with RawSocket(url.replace("http", "ws", 1) + "/connection/websocket", additional_headers=origin):
        pass
    answer = httpx.post(f"{url}/emulation", headers=origin, content=b"{}", trust_env=False)
    assert answer.status_code == 400


def test_a_client_that_stalls_does_not_hold_others_up(url: str, alice: Person, room: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    stalled = socket.create_connection((host, int(port)), timeout=10)
    stalled.sendall(b"POST /emulation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
    began = time.monotonic()
    assert httpx.get(f"{url}/healthz", trust_env=False).status_code == 200
    assert time.monotonic() - began < 5
    stalled.close()


# -- the whole files ---------------------------------------------------------------------------------------------------


def test_nginx_accepts_the_whole_file(tmp_path: Path) -> None:
    """With TLS and HTTP/2, as it is there; only its paths are those of the test."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subject = ["-subj", "/CN=chat.example.com", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    text = NGINX.read_text()
    for path, own in (
        ("/etc/ssl/chat.example.com.pem", certificate),
        ("/etc/ssl/chat.example.com.key", key),
        ("/var/log/nginx/tidewire.log", tmp_path / "access.log"),
    ):
        assert path in text
        text = text.replace(path, str(own))
    conf = tmp_path / "nginx.conf"
    conf.write_text(f"pid {tmp_path}/pid; error_log stderr; events {{}} http {{ {text} }}")

    done = subprocess.run(
        [program("nginx", "nginx-light"), "-t", "-c", str(conf)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_caddy_accepts_the_whole_file() -> None:
    command = [caddy_program(), "validate", "--config", str(CADDY), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
