"""The frames of vectors/frames, and those that a server says in vectors/client, against the published protocol
(centrifuge-python's own schema) and against our codecs, in both encodings.

python -m pytest vectors
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from centrifuge.protocol import client_pb2
from google.protobuf import json_format

from tidewire.ground.positions import Entry
from tidewire.protocol.codec import Codec
from tidewire.protocol.codes import Code
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.protobuf_codec import PROTOBUF
from tidewire.protocol.pushes import PUSHES
from tidewire.protocol.requests import BadCommand, BadFrame
from tidewire.protocol.results import RESULTS

FOLDER = Path(__file__).parent / "frames"
SCRIPTS = sorted((Path(__file__).parent / "client").glob("*.json"))


def frames(name: str) -> list[Any]:
    found = json.loads((FOLDER / f"{name}.json").read_text())["frames"]
    return [pytest.param(frame, id=frame["id"]) for frame in found]


def messages(kind: Any, data: bytes) -> list[Any]:
    """The length-delimited messages of a binary frame."""
    found = []
    while data:
        last = next(index for index, byte in enumerate(data) if byte < 128)
        size = sum((byte & 127) << 7 * index for index, byte in enumerate(data[: last + 1]))
        found.append(kind.FromString(data[last + 1 : last + 1 + size]))
        data = data[last + 1 + size :]
    return found


def plain(message: Any) -> dict[str, Any]:
    return _with_data(json_format.MessageToDict(message, preserving_proto_field_name=True))


def _with_data(value: Any) -> Any:
    """64-bit numbers as numbers, and embedded JSON as what it says."""
    if isinstance(value, list):
        return [_with_data(item) for item in value]
    if not isinstance(value, dict):
        return value
    read = {"data": lambda text: json.loads(base64.b64decode(text)), "offset": int, "flag": int}
    return {key: read.get(key, _with_data)(item) for key, item in value.items()}


@pytest.mark.parametrize("frame", frames("commands"))
def test_commands_mean_the_same_in_both_encodings(frame):
    objects = [json.loads(line) for line in frame["json"].split("\n")]
    binary = bytes.fromhex(frame["protobuf"])
    assert objects == frame["objects"]
    assert [plain(message) for message in messages(client_pb2.Command, binary)] == frame["objects"]
    text, protobuf = list(JSON.decode(frame["json"])), list(PROTOBUF.decode(binary))
    assert [(c.id, c.methods) for c in text] == [(c.id, c.methods) for c in protobuf]
    for command, other in zip(text, protobuf, strict=True):
        for method in set(command.methods) & {"connect", "subscribe", "unsubscribe", "refresh", "presence", "history"}:
            assert getattr(command, method) == getattr(other, method)


@pytest.mark.parametrize("frame", frames("replies"))
def test_replies_mean_the_same_in_both_encodings(frame):
    assert [json.loads(line) for line in frame["json"].split("\n")] == frame["objects"]
    binary = bytes.fromhex(frame["protobuf"])
    assert [plain(message) for message in messages(client_pb2.Reply, binary)] == frame["objects"]


def said(step: dict[str, Any]) -> list[dict[str, Any]]:
    """What the server says in this step of a script."""
    if "together" in step:
        return [message for part in step["together"] for message in said(part)]
    if "reply_all" in step:
        return [{"id": 1, method: result} for method, result in step["reply_all"].items()]
    if "reply" in step:
        return [{"id": 1, **step["reply"]}]
    return [{"push": step["push"]}] if "push" in step else []


def known(value: Any) -> Any:
    """Without `future`, which no server of today says."""
    if isinstance(value, list):
        return [known(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key == "data" else known(item) for key, item in value.items() if key != "future"}


def written(codec: Codec, message: dict[str, Any]) -> Any:
    """The message as our server writes it."""
    if push := message.get("push"):
        kind = next(name for name in push if name != "channel")
        if kind == "pub" and push["pub"].get("offset"):
            return codec.publication(push["channel"], entry(push["pub"]))
        (type,) = (each for each in PUSHES if each.kind == kind)
        return codec.push(push["channel"], msgspec.convert(push[kind], type))
    method = next(name for name in message if name != "id")
    if method == "error":
        told = message["error"]
        return codec.error(message["id"], Code(told["code"], told["message"], told.get("temporary", False)))
    (type,) = (each for each in RESULTS if each.method == method)
    fields = dict(message[method])
    publications = fields.pop("publications", None)
    result = msgspec.convert(fields, type)
    if publications is not None:
        result.publications = codec.publications(map(entry, publications))
    return codec.reply(message["id"], result)


def entry(publication: dict[str, Any]) -> Entry:
    return Entry(publication["offset"], "", publication["tags"]["type"], json.dumps(publication["data"]))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_our_server_says_what_the_scripts_say_in_both_encodings(script):
    steps = json.loads(script.read_text())["steps"]
    for message in [known(message) for step in steps for message in said(step)]:
        assert json.loads(JSON.join([written(JSON, message)])) == message
        assert [plain(each) for each in messages(client_pb2.Reply, written(PROTOBUF, message))] == [message]


@pytest.mark.parametrize("frame", frames("invalid"))
def test_what_is_wrong_is_refused(frame):
    codec, message = (JSON, frame["json"]) if "json" in frame else (PROTOBUF, bytes.fromhex(frame["protobuf"]))
    if "closes" in frame:
        with pytest.raises(BadFrame):
            list(codec.decode(message))
    else:
        assert any(isinstance(command, BadCommand) for command in codec.decode(message))
