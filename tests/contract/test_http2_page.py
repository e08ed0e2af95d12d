"""Runs the code of docs/http2.md: `serve` with its development certificate, curl, and plain daphne."""

from __future__ import annotations

import shlex
import subprocess
import sys

import httpx
import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.http2 import HTTP2Client
from tests.rig.raw import RawSocket
from tests.rig.site import ROOT, Sites
from tests.tidewire.serve.http2.encrypted import trusting
from tests.tidewire.serve.served import wait_until
from tidewire.serve.tls import development

RUN = {block.name: block.code.strip() for block in blocks(ROOT / "docs" / "http2.md") if block.key == "runs"}
pytestmark = pytest.mark.slow


def is_listening(port: int) -> bool:
    try:
        with HTTP2Client(port) as client:
            return client.get("/readyz").status == 200
    except OSError:
        return False


def test_the_commands_for_development(sites: Sites) -> None:
    site, port = sites.make("embedded"), servers.free_port()
    command = RUN["development"].replace("8443", str(port)).split()
    curl = RUN["curl"].replace("8443", str(port)).replace("var/", f"{site.folder}/")
    process = servers.spawn([sys.executable, *command[1:]], log=site.folder / "log", cwd=ROOT, env=site.environment)
    try:
        assert wait_until(lambda: is_listening(port))
        done = subprocess.run([*shlex.split(curl), "--silent", "--include"], capture_output=True, text=True, check=True)
    finally:
        servers.end(process, 15)

    assert done.stdout.startswith("HTTP/2 200")


def test_plain_daphne_speaks_http_2_too(sites: Sites) -> None:
    """Requests, event streams and sockets work there; docs/http2.md says which bounds do not hold."""
    site, port = sites.make("embedded"), servers.free_port()
    pair = development.certificate(site.folder)
    command = RUN["daphne"].replace("8443", str(port))
    command = command.replace("key.pem", str(pair.key)).replace("certificate.pem", str(pair.chain))
    arguments = [sys.executable, "-m", *command.split()]
    process = servers.spawn(arguments, log=site.folder / "log", cwd=ROOT, env=site.environment)
    try:
        assert wait_until(lambda: is_listening(port))
        with httpx.Client(http2=True, verify=trusting(pair.chain), trust_env=False, timeout=15) as http:
            answer = http.get(f"https://localhost:{port}/api/v1/me/")
        with RawSocket(f"wss://localhost:{port}/connection/websocket", ssl=trusting(pair.chain)) as socket:
            socket.send({"id": 1, "connect": {"token": "forged"}})
            closed = socket.close_code()
    finally:
        servers.end(process, 15)

    assert (answer.http_version, answer.status_code) == ("HTTP/2", 401)
    assert closed >= 3000
