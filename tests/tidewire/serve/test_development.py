"""Three ways to start it in development: `make run`, `manage.py runserver`, daphne by hand. Each serves WebSockets."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from paho.mqtt import MQTTException, publish

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import Person
from tests.rig.site import ROOT, Server, child_environment
from tests.tidewire.serve.served import wait_until

PEOPLE = ["alice@example.com", "bob@example.com", "charlie@example.com"]


class Run(Server):
    """What `make run MQTT=1` does once its virtual environments are there. Without MQTT=1 it does less."""

    def start(self, wait: bool = True) -> None:
        self.mqtt_port = servers.free_port()
        mqtt = {"MQTT": "1", "MQTT_PORT": str(self.mqtt_port)}
        environment = {**self._environment, **mqtt, "BIN": str(Path(sys.executable).parent), "PORT": str(self.port)}
        self._process = servers.spawn([ROOT / "scripts" / "run"], log=self.log, cwd=ROOT, env=environment)
        if wait:
            self.wait_until_ready()


class RunServer(Server):
    """Django's own command, which daphne makes serve sockets."""

    def start(self, wait: bool = True) -> None:
        command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        self._process = servers.spawn(command, log=self.log, cwd=ROOT, env=self._environment)
        if wait:
            self.wait_until_ready()


@pytest.fixture(scope="module")
def folder() -> Path:
    return servers.temporary_folder("development")


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """With a DATA_DIR and a HOME that do not exist yet, as in a fresh clone."""
    return child_environment(folder / "data" / "of" / "mine") | {"HOME": str(folder / "home")}


@pytest.fixture(scope="module")
def run(environment: dict[str, str], folder: Path) -> Iterator[Run]:
    server = Run(environment, folder / "run.log")
    server.start()
    yield server
    server.terminate()
    assert wait_until(lambda: not listens(server.mqtt_port), 10)  # the broker ends with the server


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def kept(run: Run, environment: dict[str, str]) -> dict[str, str]:
    """{email: password}, as stored for the next start."""
    return json.loads(Path(environment["DATA_DIR"], "demo_logins.json").read_text())


def is_live(server: Server, email: str, password: str) -> bool:
    """Returns whether a message that is posted over REST arrives at a socket."""
    person = Person(server.url, email, email, password)
    person.log_in()
    room = person.make_room()
    with RawSocket(server.ws_url) as client:
        client.connect(person.access)
        client.subscribe(f"room:{room}")
        said = person.say(room, "Ahoy")
        event = client.receive()["push"]["pub"]["data"]
    person.close()
    return (event["type"], event["data"]) == ("message.created", said)


def test_make_run_prints_its_addresses_and_logins_that_work(run: Run, kept: dict[str, str], folder: Path):
    printed = run.log.read_text()
    assert sorted(kept) == PEOPLE
    assert dict(re.findall(r"(\S+@example\.com) +(\S+)", printed)) == kept
    for address in (f"http://localhost:{run.port}/api/v1/", f"ws://localhost:{run.port}/connection/websocket"):
        assert address in printed
    assert is_live(run, PEOPLE[0], kept[PEOPLE[0]])
    assert not (folder / "home").exists()


def test_make_run_makes_files_that_only_their_owner_can_read(run: Run, environment: dict[str, str]):
    data = Path(environment["DATA_DIR"])
    assert data.stat().st_mode & 0o077 == 0
    assert {file.name: oct(file.stat().st_mode & 0o077) for file in data.iterdir() if file.is_file()} == {
        file.name: "0o0" for file in data.iterdir() if file.is_file()
    }


def test_the_demo_opens_with_the_printed_address_only(run: Run):
    """As through a tunnel that writes the Host and adds nothing: the key makes the difference."""
    from_the_page = {"X-Tidewire-Demo": "1"}
    (address,) = set(re.findall(r"Demo +(http\S+)", run.log.read_text()))
    with httpx.Client(base_url=f"http://localhost:{run.port}", trust_env=False) as browser:
        assert browser.get("/demo/logins", headers=from_the_page).status_code == 404
        assert browser.post("/demo/restart", headers=from_the_page).status_code == 404
        assert browser.get(address).headers["location"] == "/"
        assert sorted(browser.get("/demo/logins", headers=from_the_page).json()) == PEOPLE
        forwarded = {**from_the_page, "X-Forwarded-Proto": "https"}
        assert browser.get("/demo/logins", headers=forwarded).status_code == 404


@pytest.mark.parametrize("kind", [RunServer, Server], ids=["runserver", "daphne"])
def test_the_other_commands_serve_the_same(kept: dict[str, str], environment: dict[str, str], folder: Path, kind):
    other = kind(environment, folder / f"{kind.__name__}.log")
    other.start()
    try:
        assert is_live(other, PEOPLE[0], kept[PEOPLE[0]])
    finally:
        other.terminate()
    assert "Traceback" not in other.log.read_text()


def test_make_run_again_keeps_the_data(run: Run, kept: dict[str, str]):
    run.terminate()
    run.start()
    assert is_live(run, PEOPLE[1], kept[PEOPLE[1]])
    assert run.log.read_text().count(kept[PEOPLE[1]]) == 2


def test_make_run_with_mqtt_stores_what_a_device_publishes(run: Run, kept: dict[str, str]) -> None:
    email = PEOPLE[0]
    person = Person(run.url, email, email, kept[email])
    person.log_in()
    board = person.post("dashboards/", {"name": "Kitchen"})
    metric = person.post(f"dashboards/{board['id']}/metrics/", {"key": "warmth", "name": "Warmth"})
    key = person.post("keys/", {"name": "Thermometer", "scopes": ["samples:write"]})
    topic = f"tidewire/keys/{key['id']}/metrics/{metric['id']}/samples"

    def is_published() -> bool:
        """A new key can sign in a moment after it was made."""
        try:
            signed_in = {"username": key["id"], "password": key["key"]}
            publish.single(topic, "21.5", 1, port=run.mqtt_port, hostname="127.0.0.1", auth=signed_in)
        except (MQTTException, OSError):
            return False
        return True

    def is_stored() -> bool:
        return [each["value"] for each in person.get(f"metrics/{metric['id']}/samples/")["results"]] == [21.5]

    assert wait_until(is_published, 20)
    assert wait_until(is_stored, 20)
    person.close()
