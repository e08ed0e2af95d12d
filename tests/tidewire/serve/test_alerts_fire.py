"""A real Prometheus watches a real server, with the rules of deploy/prometheus in quick motion: each planted fault
makes its alert fire, which was quiet before.

Quick motion: figures are taken each second, rates over half a minute, and nothing has to last.
"""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import ROOT, Site, Sites
from tests.rig.verify import figure, program
from tests.tidewire.serve.served import Served, wait_until

pytestmark = pytest.mark.verify

RULES = ROOT / "deploy" / "prometheus" / "tidewire.rules.yml"
FORGED = """
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from tidewire.ground import streams
message = {"type": "tidewire.events", "v": 2, "at": 0.0, "body": b"", "mac": b""}
async_to_sync(get_channel_layer().group_send)(streams.group(streams.REVOCATIONS), message)
"""
LOST = """
from django.utils import timezone
from tidewire.models import Event, Stream
Event.objects.filter(stream__name="room:{room}").delete()
Stream.objects.filter(name="room:{room}").update(head=0, touched_at=timezone.now())
"""


def quickened(rules: str) -> str:
    rules = re.sub(r"for: \w+", "for: 0s", rules)
    rules = re.sub(r"\[(5m|10m)\]", "[30s]", rules)
    return rules.replace("started_at_seconds) < 120", "started_at_seconds) < 25")


class Prometheus:
    """Scrapes one server each second."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = servers.free_port()
        (folder / "tidewire.rules.yml").write_text(quickened(RULES.read_text()))
        configuration = (
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [tidewire.rules.yml]\n"
            f"scrape_configs: [{{job_name: tidewire, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        (folder / "prometheus.yml").write_text(configuration)
        command = [
            program("prometheus", "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self._process = servers.spawn(command, log=folder / "prometheus.log")

    def firing(self) -> set[str]:
        """Returns the names of the alerts that fire now."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/alerts", timeout=5, trust_env=False)
        except httpx.TransportError:
            return {"nothing answers yet"}
        if answer.status_code != 200:
            return {"nothing answers yet"}
        return {a["labels"]["alertname"] for a in answer.json()["data"]["alerts"] if a["state"] == "firing"}

    def stop(self) -> None:
        servers.end(self._process, signal.SIGTERM)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One process on a PostgreSQL and a Redis of its own, with few places."""
    sites = Sites(servers.temporary_folder("alerts"))
    settings = {
        "TIDEWIRE_EXTRA_APPS": "tests.rig.crashing",
        "MAX_CONNECTIONS": "3",
    }
    site = sites.make("grown", processes=1, settings=settings, own_redis=True)
    site.servers = [Served(site.environment, tmp_path / "served.log")]
    site.start()
    yield site
    site.stop()
    sites.stop()


def answer_pings(socket: RawSocket) -> None:
    """Reads until the socket ends."""
    with suppress(ConnectionClosed):
        while True:
            with suppress(TimeoutError):
                socket.receive(5)


def test_each_planted_fault_fires_its_alert(site: Site, tmp_path: Path) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    prometheus = Prometheus(tmp_path, site.url.removeprefix("http://"))
    try:
        assert wait_until(lambda: prometheus.firing() == set(), 120), prometheus.firing()
        sockets = [RawSocket(site.ws_url) for _ in range(3)]
        sockets[0].connect(alice.fresh_token())
        sockets[0].subscribe(channel(room))
        threading.Thread(target=answer_pings, args=(sockets[0],), daemon=True).start()
        alice.say(room, "hello")
        plan: list[tuple[str, Callable[[], object]]] = [
            ("TidewireConnectionsFull", lambda: sockets[1].connect(alice.fresh_token())),
            ("TidewireRequestsFail", lambda: [site.server.get("/api/v1/crash/") for _ in range(20)]),
            ("TidewireLayerForged", lambda: site.shell(FORGED + LOST.format(room=room))),
            ("TidewireEventsLost", lambda: None),  # planted with the one before
            ("TidewireLayerAway", lambda: site.redis.kill()),
            ("TidewireDown", lambda: site.server.kill()),
        ]
        fired = []
        for alert, plant in plan:
            began = time.monotonic()
            plant()
            assert wait_until(lambda: alert in prometheus.firing(), 90), (alert, prometheus.firing())  # noqa: B023
            fired.append(f"{alert} {time.monotonic() - began:.0f} s")
        figure(f"{len(fired)} planted faults, the seconds until their alerts fired: {', '.join(fired)}")
    finally:
        prometheus.stop()


def test_a_worker_that_starts_again_fires_its_alert(site: Site, tmp_path: Path) -> None:
    prometheus = Prometheus(tmp_path, site.url.removeprefix("http://"))
    try:
        assert wait_until(lambda: prometheus.firing() == set(), 120), prometheus.firing()
        site.server.kill()
        site.server.start()
        assert wait_until(lambda: "TidewireWorkerDies" in prometheus.firing(), 60)
    finally:
        prometheus.stop()
