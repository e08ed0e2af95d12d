"""deploy/nginx.conf, run by a real nginx."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fairness.stage import nginx
from tests.rig.http_events import EventReader
from tests.rig.rest import API
from tests.rig.site import ROOT, Server, Sites
from tests.rig.verify import program
from tests.tidewire.serve.served import Served

pytestmark = pytest.mark.verify

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class DyingServer:
    """A server that answers GET and keeps the connection, and ends it with each POST, as a worker that is killed after
    it has stored what it was sent. `received` counts requests by method, `hosts` are their Host headers."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.received: Counter[str] = Counter()
        self.hosts: set[str] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

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
                self.hosts.update(re.findall(r"(?im)^host: (.*?)\r$", head.decode()))
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


@pytest.fixture
def server() -> Iterator[DyingServer]:
    server = DyingServer()
    yield server
    server.close()


def test_a_post_is_sent_once_also_when_its_worker_dies(server: DyingServer, tmp_path: Path) -> None:
    with nginx(tmp_path / "nginx", server.port) as url, httpx.Client(base_url=url, trust_env=False) as client:
        for n in range(20):
            assert client.get("/").status_code == 200  # leaves a connection that nginx keeps for the POST
            assert client.post("/", content=b"x").status_code == 502
            assert server.received["POST"] == n + 1


def test_the_host_keeps_its_port(server: DyingServer, tmp_path: Path) -> None:
    with nginx(tmp_path / "nginx", server.port) as url:
        server.hosts.clear()
        httpx.get(url, headers={"Host": "chat.example.com:8443"}, trust_env=False)

    assert server.hosts == {"chat.example.com:8443"}


def test_nginx_accepts_the_whole_file(tmp_path: Path) -> None:
    """With TLS and HTTP/2, as it is there; only its paths are those of the test."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    subject = ["-subj", "/CN=chat.example.com", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject], check=True, capture_output=True
    )
    text = (ROOT / "deploy" / "nginx.conf").read_text()
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


@pytest.mark.parametrize("path", ["log/?live=sse&offset=now", "events"])
def test_each_event_of_an_open_response_comes_at_once(sites: Sites, tmp_path: Path, path: str) -> None:
    """nginx holds nothing back until a buffer is full or the response ends."""
    site = sites.make("embedded", settings={"TRUSTED_PROXIES": "1"})
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    site.start()
    alice = site.person("alice")
    room = alice.make_room()
    name = f"room:{room}"
    with nginx(tmp_path / "nginx", site.server.port) as url:
        address = f"{url}{API}streams/" + (f"events/?stream={name}" if path == "events" else f"{name}/{path}")
        reader = EventReader(address, alice.access)
        assert reader.response.status_code == 200
        first = reader.next()
        assert first is not None
        for text in ("one", "two"):
            alice.say(room, text)
            event = reader.until("data", "message.created")
            (shown,) = event.data if isinstance(event.data, list) else [event.data]
            assert shown["data"]["text"] == text
        reader.close()
    site.stop()
    site.check_logs()
