"""A running `manage.py serve`, as a deployment starts it, and questions to its process."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.rig import servers
from tests.rig.site import ROOT, Environment, Server


class Served(Server):
    """One `manage.py serve`, with one worker or several."""

    def __init__(self, environment: Environment, log: Path, *arguments: str) -> None:
        super().__init__(environment, log)
        self._arguments = arguments

    def start(self, wait: bool = True) -> None:
        command = [sys.executable, "manage.py", "serve", "--port", str(self.port), *self._arguments]
        self._process = servers.spawn(command, log=self.log, cwd=ROOT, env=self._environment)
        if wait:
            self.wait_until_ready()

    def get(self, path: str, **options: object) -> httpx.Response:
        return httpx.get(self.url + path, timeout=10, trust_env=False, **options)

    def wait_for_end(self, seconds: float = 20.0) -> int:
        """Waits for the process to end; returns its exit status."""
        return self.process.wait(seconds)

    def drain(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def exchange(self, *pieces: bytes, pause: float = 0.0, timeout: float = 15.0) -> bytes:
        """Sends these bytes on a new connection, with a pause after each piece; returns all bytes that the server sends
        until it closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return read_all(connection)


class Other(Server):
    """The same application on `daphne` or `uvicorn` (`kind`)."""

    def __init__(self, environment: Environment, log: Path, kind: str) -> None:
        super().__init__(environment, log)
        self._kind = kind

    def start(self, wait: bool = True) -> None:
        options = {
            "daphne": ["-b", "127.0.0.1", "-p", str(self.port)],
            "uvicorn": ["--port", str(self.port), "--ws-per-message-deflate", "false", "--no-access-log"],
        }[self._kind]
        command = [sys.executable, "-m", self._kind, *options, "backend.asgi:application"]
        self._process = servers.spawn(command, log=self.log, cwd=ROOT, env=self._environment)
        if wait:
            self.wait_until_ready()


def read_all(connection: socket.socket) -> bytes:
    """Returns all bytes up to the end of the connection, which may be a reset."""
    received = b""
    try:
        while piece := connection.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def status(response: bytes) -> int:
    return int(response.split(b" ", 2)[1]) if response.startswith(b"HTTP/") else 0


def memory(process: subprocess.Popen[bytes] | int) -> int:
    """Returns the resident memory in bytes."""
    pid = process if isinstance(process, int) else process.pid
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def children(process: subprocess.Popen[bytes] | int) -> list[int]:
    """Returns the ids of its child processes: the workers of a supervisor."""
    pid = process if isinstance(process, int) else process.pid
    tasks = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(pid) for pid in tasks.read_text().split()]


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Waits until the condition holds; returns False when it did not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
