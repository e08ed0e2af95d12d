"""Centrifugo itself, as the edge of a running Tidewire: nodes and the relay, as processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT, Site, wait_until_ready
from tidewire.centrifugo.configuration import VERSION

MODULE = f"github.com/centrifugal/centrifugo/v6@v{VERSION}"


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
            database = site.environment["DATABASE_URL"]
            text = site.manage(
                "centrifugo", "config", "--django", site.url, "--database", database, "--port", str(port)
            )
            json.loads(text)
            path.write_text(text)
            path.chmod(0o644)
            self.nodes.append(Node(port, path, site.folder / f"centrifugo-{port}.log"))
        self._relay: subprocess.Popen[bytes] | None = None
        self.relay_log = site.folder / "relay.log"

    def start(self) -> None:
        for node in self.nodes:
            node.start()
        self.start_relay()

    def start_relay(self) -> None:
        command = [sys.executable, "manage.py", "centrifugo", "relay"]
        self._relay = servers.spawn(command, log=self.relay_log, cwd=ROOT, env=self.site.environment)

    def kill_relay(self) -> None:
        assert self._relay is not None
        servers.end(self._relay, signal.SIGKILL)

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
    }
