"""asyncapi.yaml is generated from the code, its examples are valid, and every frame of a real session matches it."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft7Validator, FormatChecker

from api.models import Reaction
from tests.rig.openapi import forbid_unknown_fields
from tests.rig.raw import Json, RawSocket
from tests.rig.site import ROOT
from tidewire.asyncapi import document
from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Live, Touch
from tidewire.declare.registry import Registry, registry
from tidewire.protocol import codes

PATH = ROOT / "asyncapi.yaml"
LINT = Path(__file__).with_name("js")


@cache
def committed() -> Json:
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


@cache
def closed_schemas() -> Json:
    """Returns all schemas, closed: clients ignore fields that they do not know, but a test must notice them."""
    schemas = copy.deepcopy(committed()["components"]["schemas"])
    forbid_unknown_fields(schemas)
    return schemas


def errors(message: str, payload: Any) -> list[str]:
    """Returns what is wrong with a payload by the message's schema."""
    schema = copy.deepcopy(committed()["components"]["messages"][message]["payload"])
    forbid_unknown_fields(schema)
    whole = {"components": {"schemas": closed_schemas()}, "allOf": [schema]}
    found = Draft7Validator(whole, format_checker=FormatChecker()).iter_errors(payload)
    return [f"{message}: {error.json_path}: {error.message}" for error in found]


def message_of(frame: Json, is_ours: bool) -> str:
    """Returns the name of the message that a frame should be."""
    if not frame:
        return "client.pong" if is_ours else "server.ping"
    if "push" in frame:
        return "push." + next(key for key in frame["push"] if key != "channel")
    name = next(key for key in frame if key != "id")
    return name if is_ours or name == "error" else f"{name}.reply"


# -- the file --------------------------------------------------------------------------------------------------------


def test_the_committed_file_is_the_generated_one(tmp_path):
    generated = tmp_path / "asyncapi.yaml"
    call_command("asyncapi", file=generated)
    assert generated.read_text(encoding="utf-8") == PATH.read_text(encoding="utf-8"), (
        "run: python manage.py asyncapi --file asyncapi.yaml"
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asyncapi.yaml", "openapi.yaml"])
def test_the_linter_finds_nothing(name):
    spectral = LINT / "node_modules" / ".bin" / "spectral"
    assert spectral.exists(), f"run: npm ci --prefix {LINT.relative_to(ROOT)} --ignore-scripts"
    command = [shutil.which("node") or "node", spectral, "lint", "--ruleset", LINT / "spectral.yaml"]
    done = subprocess.run(
        [*command, "--fail-severity=hint", ROOT / name], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", sorted(committed()["components"]["messages"]))
def test_every_message_has_an_example_that_is_one(name):
    examples = committed()["components"]["messages"][name]["examples"]
    assert examples
    assert [error for example in examples for error in errors(name, example["payload"])] == []


def test_what_is_declared_is_described_and_nothing_else():
    channels = committed()["channels"]
    assert set(channels) == {"connection", *registry.kinds}
    for kind in registry.kinds.values():
        lives = [live for live in registry.lives if live.stream.kind is kind]
        declared = {type for live in lives for type in live.types} | kind.ephemeral
        declared |= {fact.type for fact in registry.facts if fact.kind is kind}
        for touch in registry.touches:
            if touch.parent_model in [live.model for live in lives]:
                declared |= {touch.created, touch.updated, touch.deleted} - {None}
        shown = [type_of(ref) for ref in channels[kind.name]["messages"].values()]
        assert sorted(shown) == sorted(declared)


def type_of(reference: Json) -> str:
    """Returns the event type that a message carries."""
    message = committed()["components"]["messages"][reference["$ref"].rsplit("/", 1)[1]]
    schema = committed()["components"]["schemas"][message["payload"]["$ref"].rsplit("/", 1)[1]]
    return schema["properties"]["type"]["const"]


def test_every_code_is_in_the_tables():
    tables = committed()["x-codes"]
    assert {row["code"] for row in tables["errors"]} == set(range(100, 113))
    assert {row["code"]: row["subscribes_again"] for row in tables["unsubscribes"]}[
        codes.Unsubscribe.SERVER.code
    ] is False
    assert {row["connects_again"] for row in tables["disconnects"] if row["code"] >= 3500} == {False}
    assert {row["connects_again"] for row in tables["disconnects"] if row["code"] < 3500} == {True}


# -- the generator ---------------------------------------------------------------------------------------------------


def test_an_event_of_a_part_has_the_state_of_the_whole():
    message = next(live for live in registry.lives if "message.created" in live.types)
    made = made_of(message, Touch(Reaction, parent="message", created="star.added"))
    schema = made["components"]["schemas"]["StarAddedEvent"]
    assert schema["properties"]["data"] == {"$ref": "#/components/schemas/Message"}


def test_messages_of_one_name_and_two_forms_are_told_apart():
    room, message = (
        next(live for live in registry.lives if type in live.types) for type in ("room.updated", "message.created")
    )
    others = StreamKind("other", may_subscribe=lambda user_id, keys: [])
    twin = Live(message.model, stream=others.of("room_id"), serializer=message.serializer, updated="room.updated")
    made = made_of(room, twin)
    assert set(made["channels"]["other"]["messages"]) == {"other.room.updated"}
    assert {"RoomUpdatedEvent", "OtherRoomUpdatedEvent"} <= set(made["components"]["schemas"])


def made_of(*declarations: Live | Touch) -> Json:
    mine = Registry()
    for declaration in declarations:
        mine.add(declaration)
    return document.build(mine)


# -- a real session --------------------------------------------------------------------------------------------------


class RecordingSocket(RawSocket):
    """Keeps every frame of both directions."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.received: list[Json] = []
        self.sent: list[Json] = []

    def send(self, *commands: Json) -> None:
        self.sent += commands
        super().send(*commands)

    def receive(self, timeout: float = 15.0) -> Json:
        message = super().receive(timeout)
        self.received.append(message)
        return message


@pytest.mark.slow
def test_every_frame_of_a_session_is_as_described(embedded_site):
    alice, bob = embedded_site.people("alice", "bob")
    room = alice.make_room()
    stream = f"room:{room}"
    alice.add(room, bob)
    with RecordingSocket(embedded_site.ws_url) as first, RecordingSocket(embedded_site.ws_url) as second:
        first.connect(bob.access)
        second.connect(alice.access)
        first.subscribe(stream, join_leave=True)
        position = second.subscribe(stream)["subscribe"]
        alice.say(room, "one")
        second.send({"id": 3, "publish": {"channel": stream, "data": {"type": "typing", "data": {"is_typing": True}}}})
        second.reply(3)
        send_the_others(second, stream)
        second.send({"id": 9, "unsubscribe": {"channel": stream}})
        second.reply(9)
        until(first, "push.leave")  # a client that is back at once has not left
        second.subscribe(stream, id=10, recover=True, epoch=position["epoch"], offset=position.get("offset", 0))
        alice.remove(room, bob)
        until(first, "push.unsubscribe")
    for socket in (first, second):
        for frame in socket.received:
            assert errors(message_of(frame, is_ours=False), frame) == []
        for frame in socket.sent:
            assert errors(message_of(frame, is_ours=True), frame) == []
    names = {message_of(frame, is_ours=False) for frame in [*first.received, *second.received]}
    commands = {f"{name}.reply" for name in ("connect", "subscribe", "unsubscribe", "refresh", "publish", "presence")}
    assert commands | {"push.pub", "push.join", "push.leave", "push.unsubscribe", "error"} <= names


def send_the_others(socket: RecordingSocket, stream: str) -> None:
    """Sends one of each remaining command."""
    token = socket.sent[0]["connect"]["token"]
    socket.send(
        {"id": 4, "presence": {"channel": stream}},
        {"id": 5, "presence_stats": {"channel": stream}},
        {"id": 6, "history": {"channel": stream, "limit": 10, "reverse": True}},
        {"id": 7, "refresh": {"token": token}},
        {"id": 8, "rpc": {"method": "nothing", "data": {}}},
        {"id": 11, "ping": {}},
    )
    assert socket.reply(11) == {"id": 11, "ping": {}}


def until(socket: RecordingSocket, name: str) -> None:
    while message_of(socket.receive(), is_ours=False) != name:
        pass


def test_json_and_yaml_are_one_document():
    assert json.loads(document.to_json(document.document())) == committed()
