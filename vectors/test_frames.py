"""The frames of vectors/frames against the published protocol (centrifuge-python's own schema) and against our codecs.

python -m pytest vectors
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from centrifuge.protocol import client_pb2
from google.protobuf import json_format

from realtime.frames import BadCommand, BadFrame
from realtime.json_codec import JSON
from realtime.protobuf_codec import PROTOBUF

FOLDER = Path(__file__).parent / "frames"


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


@pytest.mark.parametrize("frame", frames("invalid"))
def test_what_is_wrong_is_refused(frame):
    codec, message = (JSON, frame["json"]) if "json" in frame else (PROTOBUF, bytes.fromhex(frame["protobuf"]))
    if "closes" in frame:
        with pytest.raises(BadFrame):
            list(codec.decode(message))
    else:
        assert any(isinstance(command, BadCommand) for command in codec.decode(message))
