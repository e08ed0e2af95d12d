"""Centrifugo itself, as the edge of a running Tidewire: nodes and the relay, as processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.site import ROOT, Site, wait_until_ready

SEED = int(os.environ.get("TIDEWIRE_SEED", "1"))
KEY, OLD_KEY = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
"""Of access tokens: the present one, and the one before."""
VERSION = "6.9.1"
MODULE = f"github.com/centrifugal/centrifugo/v6@v{VERSION}"


def rounds(usual: int) -> int:
    """Returns how often a test repeats what it does: `usual`, or the share of a thousand that TIDEWIRE_ROUNDS says."""
    return usual * int(os.environ.get("TIDEWIRE_ROUNDS", "1000")) // 1000


def program() -> Path:
    """Returns Centrifugo's program: from CENTRIFUGO, or the PATH, or built by Go. Building takes minutes, once."""
    found = os.environ.get("CENTRIFUGO") or shutil.which("centrifugo")
    if found:
        return Path(found)
    folder = ROOT / "var" / f"centrifugo-{VERSION}"
    built = folder / "centrifugo"
    if not built.exists():
        go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
        if go is None:
            raise servers.ServerError("Centrifugo is built by Go, which is not installed: see https://go.dev/dl/")
        subprocess.run([go, "install", MODULE], env={**os.environ, "GOBIN": str(folder)}, check=True)
    return built


class Node:
    """One node of Centrifugo."""

    def __init__(self, port: int, configuration: Path, log: Path) -> None:
        self.port, self._configuration, self._log = port, configuration, log
        self.ws_url = f"ws://127.0.0.1:{port}/connection/websocket"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = servers.spawn([program(), "--config", self._configuration], log=self._log)
        try:
            wait_until_ready(f"http://127.0.0.1:{self.port}/health")
        except servers.ServerError as error:
            raise servers.ServerError(f"{error}:\n{servers.tail(self._log)}") from None

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def reload(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Changes its configuration and has it read anew, which the node does soon afterwards."""
        found = json.loads(self._configuration.read_text())
        change(found)
        self._configuration.write_text(json.dumps(found))
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        servers.end(self.process, signal.SIGKILL)

    def stop(self) -> None:
        if self._process is not None:
            servers.end(self._process, signal.SIGTERM)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "the node was not started"
        return self._process


class Edge:
    """A grown site with nodes and a relay in front. `site` must have been made with `settings`."""

    def __init__(self, site: Site, ports: list[int]) -> None:
        self.site = site
        self.nodes = []
        for port in ports:
            path = site.folder / f"centrifugo-{port}.json"
            text = site.manage("centrifugo", "config", "--django", site.url, "--port", str(port))
            json.loads(text)
            path.write_text(text)
            path.chmod(0o644)
            self.nodes.append(Node(port, path, site.folder / f"centrifugo-{port}.log"))
        self._relay: subprocess.Popen[bytes] | None = None
        self.relay_log = site.folder / "relay.log"
        self.fault = site.folder / "fault"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.start_relay()
        self.wait_for_relay_to_say("Copying events", since=0)

    def start_relay(self, environment: Mapping[str, str] | None = None) -> None:
        """Starts the relay, with these variables beside those of the site."""
        command = [sys.executable, "manage.py", "centrifugo", "relay"]
        variables = {**self.site.environment, **(environment or {})}
        self._relay = servers.spawn(command, log=self.relay_log, cwd=ROOT, env=variables)

    @property
    def relay(self) -> subprocess.Popen[bytes]:
        assert self._relay is not None, "the relay was not started"
        return self._relay

    def kill_relay(self) -> None:
        servers.end(self.relay, signal.SIGKILL)

    def pause_relay(self) -> None:
        self.relay.send_signal(signal.SIGSTOP)

    def resume_relay(self) -> None:
        self.relay.send_signal(signal.SIGCONT)

    def wait_for_relay(self) -> int:
        """Waits until the relay has ended. Returns its code."""
        return self.relay.wait(30)

    def wait_for_relay_to_say(self, text: str, since: int | None = None) -> None:
        """Waits until the relay logs this, after the call, or after so many bytes of its log."""
        before, deadline = self.relay_log.stat().st_size if since is None else since, time.monotonic() + 60
        while text.encode() not in self.relay_log.read_bytes()[before:]:
            assert time.monotonic() < deadline, servers.tail(self.relay_log)
            time.sleep(0.05)

    def stop(self) -> None:
        if self._relay is not None:
            servers.end(self._relay, signal.SIGTERM)
        for node in self.nodes:
            node.stop()


def settings(ports: list[int]) -> dict[str, str]:
    """Returns the settings of a site whose nodes listen on these ports."""
    return {
        "CENTRIFUGO_NODES": ",".join(f"http://127.0.0.1:{port}/api" for port in ports),
        "CENTRIFUGO_API_KEY": secrets.token_urlsafe(24),
        "CENTRIFUGO_SECRET": secrets.token_urlsafe(24),
        "ACCESS_TOKEN_SECONDS": "3600",
        "JWT_SIGNING_KEY": KEY,
        "JWT_SIGNING_KEY_FALLBACKS": OLD_KEY,
    }


def subscribed(socket: RawSocket, stream: str, **options: Any) -> dict[str, Any]:
    """Subscribes as an SDK does: again while the error is temporary, as it is until the node has reached the stream."""
    number = 20
    while (reply := socket.subscribe(stream, id=number, **options)).get("error", {}).get("temporary") and number < 120:
        number += 1
        time.sleep(0.1)
    return reply
