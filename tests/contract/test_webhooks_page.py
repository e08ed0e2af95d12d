"""Runs the receivers of docs/webhooks.md: each verifies, leaves out repetitions, and reads what is missing."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from standardwebhooks import Webhook

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site
from tests.tidewire.serve.served import wait_until
from tidewire.webhooks import messages
from tidewire.webhooks.secrets import new_secret

pytestmark = pytest.mark.slow

RUN = {block.name: block.code for block in blocks(ROOT / "docs" / "webhooks.md") if block.key == "runs"}
JS = ROOT / "tests" / "contract" / "js"
GO = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin")
SECRET = new_secret()
GO_MODULE, GO_VERSION = "github.com/standard-webhooks/standard-webhooks/libraries", "v0.0.1"
GO_SUMS = (
    f"{GO_VERSION} h1:uOfcYT+3QungH6tIGSVCR/Y3KJmgJiHcojJbMTPDZAI=",
    f"{GO_VERSION}/go.mod h1:L1MQhA6x4dn9r007T033lsaZMv9EmBAdXyU/+EF40fo=",
)
# On a new machine Go compiles its standard library first, and fetches that module.
LANGUAGES = ["python", "node", *([pytest.param("go", marks=pytest.mark.verify)] if GO else [])]


def test_every_block_is_run_here():
    assert set(RUN) == {"make", "python", "node", "go"}


_NOT_COUNTED = re.compile(r"\s*(|//.*|[\])}]+;?)")
_IMPORTS = re.compile(
    r"^package .*?$|^import \(.*?^\)|^(?:import|from) .*?$|^type \w+ struct \{.*?^\}", re.MULTILINE | re.DOTALL
)


@pytest.mark.parametrize(("language", "most"), [("python", 20), ("node", 20), ("go", 38)])
def test_the_receivers_are_short(language, most):
    """Lines of code: without imports, Go's types, comments and closing brackets."""
    code = _IMPORTS.sub("", RUN[language])
    lines = [line for line in code.splitlines() if not _NOT_COUNTED.fullmatch(line)]
    assert len(lines) <= most, lines
    assert max(map(len, RUN[language].expandtabs(2).splitlines())) <= 120


@pytest.fixture(scope="module")
def owner(embedded_site: Site) -> Person:
    return embedded_site.person("wanda")


@pytest.fixture(scope="module")
def room(owner: Person) -> str:
    room = owner.make_room()
    for number in range(6):
        owner.say(room, f"{number}")
    return room


class Receiver:
    """A receiver of the page, in a process of its own."""

    def __init__(self, language: str, folder: Path, url: str, key: str) -> None:
        self.log, self.port = folder / "log", servers.free_port()
        environment = os.environ | {"URL": url, "KEY": key, "SECRET": SECRET, "PORT": str(self.port)}
        command = getattr(self, f"_{language}")(folder)
        self._process = servers.spawn(command, log=self.log, cwd=folder, env=environment)
        wait_until(self._answers, seconds=30)

    def _python(self, folder: Path) -> list[str]:
        (folder / "receiver.py").write_text(RUN["python"])
        serve = f"import receiver, werkzeug; werkzeug.run_simple('127.0.0.1', {self.port}, receiver.receive)"
        return [sys.executable, "-c", serve]

    def _node(self, folder: Path) -> list[str]:
        (folder / "receiver.mjs").write_text(RUN["node"])
        (folder / "node_modules").symlink_to(JS / "node_modules")
        return ["node", str(folder / "receiver.mjs")]

    def _go(self, folder: Path) -> list[str]:
        (folder / "main.go").write_text(RUN["go"])
        (folder / "go.mod").write_text(f"module receiver\n\ngo 1.21\n\nrequire {GO_MODULE} {GO_VERSION}\n")
        (folder / "go.sum").write_text("".join(f"{GO_MODULE} {line}\n" for line in GO_SUMS))
        environment = os.environ | {"GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
        subprocess.run([str(GO), "build", "-o", "receiver", "."], cwd=folder, env=environment, check=True, timeout=300)
        return [str(folder / "receiver")]

    def _answers(self) -> bool:
        try:
            return httpx.post(f"http://127.0.0.1:{self.port}/", content=b"{}", timeout=2).status_code >= 400
        except httpx.RemoteProtocolError:  # it closed the connection
            return True
        except httpx.TransportError:
            return False

    def send(self, body: str, **changed: str) -> int | None:
        """Returns the status, or None where the receiver refuses: with an error, or by closing the connection."""
        headers = messages.signed_headers("msg_1", body, [SECRET], datetime.now(UTC)) | changed
        try:
            answer = httpx.post(f"http://127.0.0.1:{self.port}/", content=body.encode(), headers=headers, timeout=20)
        except httpx.RemoteProtocolError:
            return None
        return answer.status_code if answer.status_code < 400 else None

    @property
    def applied(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.partition(" ")[0].isdigit()]

    def stop(self) -> None:
        self._process.kill()


@pytest.fixture(params=LANGUAGES)
def receiver(request, tmp_path, embedded_site: Site, owner: Person) -> Iterator[Receiver]:
    receiver = Receiver(request.param, tmp_path, embedded_site.url, owner.fresh_token())
    yield receiver
    receiver.stop()


def test_a_receiver_of_the_page(receiver: Receiver, embedded_site: Site, owner: Person, room: str):
    headers = {"Authorization": f"Bearer {owner.fresh_token()}"}
    answer = httpx.get(f"{embedded_site.url}/api/v1/streams/room:{room}/events/", headers=headers).json()
    epoch = answer["stream"]["epoch"]

    def body(*offsets: int) -> str:
        events = [
            {"offset": each["offset"], **each["event"]} for each in answer["results"] if each["offset"] in offsets
        ]
        place = {"stream": f"room:{room}", "epoch": epoch, "offset": offsets[-1]}
        if len(events) == 1:
            return json.dumps({**place, **events[0]})
        return json.dumps({**place, "type": "events", "events": events})

    types = {each["offset"]: each["event"]["type"] for each in answer["results"]}
    assert receiver.send(body(2)) == 204
    assert receiver.send(body(2)) == 204  # a repetition
    assert receiver.send(body(3, 4)) == 204
    assert receiver.send(body(6)) == 204  # 5 is missing: it reads from 5 to the end
    wait_until(lambda: len(receiver.applied) >= len(types) - 1, seconds=5)
    assert receiver.applied == [f"{offset} {types[offset]}" for offset in range(2, max(types) + 1)]
    next_one = json.dumps({**json.loads(body(max(types))), "offset": max(types) + 1})
    assert receiver.send(next_one, **{"webhook-id": "another"}) is None
    assert receiver.send(next_one, **{"webhook-timestamp": "1700000000"}) is None
    assert len(receiver.applied) == len(types) - 1
    assert receiver.send(json.dumps({"type": "webhook.ping", "data": {}})) == 204
    reset = {"type": "stream.reset", "stream": f"room:{room}", "epoch": epoch, "offset": 3}
    assert receiver.send(json.dumps(reset)) == 204
    assert receiver.send(body(4)) == 204
    assert receiver.applied[-1] == f"4 {types[4]}"
    lost = {**reset, "epoch": "another", "offset": 1}
    assert receiver.send(json.dumps(lost)) == 204
    assert receiver.send(body(4)) is None  # the reading of what is missing is refused: the message must come again
    assert receiver.applied[-1] == f"4 {types[4]}"


def test_the_reference_verifier_of_javascript_accepts_ours_and_nothing_else(tmp_path: Path):
    """As the one of Python does (tests/tidewire/webhooks)."""
    body, second = json.dumps({"type": "test", "text": "Grüße, 日本"}, ensure_ascii=False), new_secret()
    headers = messages.signed_headers("msg_1", body, [SECRET, second], datetime.now(UTC))
    Webhook(second).verify(body, headers)
    (tmp_path / "node_modules").symlink_to(JS / "node_modules")
    (tmp_path / "verify.mjs").write_text("""
import { Webhook } from 'standardwebhooks'
const { body, headers, secrets } = JSON.parse(process.argv[2])
const is = (secret, body, headers) => {
  try { return Boolean(new Webhook(secret).verify(body, headers)) } catch { return false }
}
console.log(JSON.stringify([
  ...secrets.map((secret) => is(secret, body, headers)),
  is(secrets[0], body + ' ', headers),
  is(secrets[0], body, { ...headers, 'webhook-id': 'another' }),
  is(secrets[0], body, { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }),
]))
""")
    given = json.dumps({"body": body, "headers": headers, "secrets": [SECRET, second, new_secret()]})
    done = subprocess.run(["node", "verify.mjs", given], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False, False, False, False]


def test_a_webhook_is_made_as_the_page_says(embedded_site: Site, owner: Person, room: str):
    environment = os.environ | {
        "URL": embedded_site.url,
        "TOKEN": owner.fresh_token(),
        "ROOM": room,
        "RECEIVER": "https://hooks.example.com/tidewire",
    }
    done = subprocess.run(
        ["bash", "-euc", RUN["make"]], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["secret"].startswith("whsec_")
