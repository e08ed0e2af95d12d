"""Commands, replies and pushes, byte for byte. (vectors/ compares both encodings with those of the SDKs.)"""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw, to_builtins

from tidewire.ground.positions import ENVELOPE_BYTES, Entry
from tidewire.protocol import wire_pb2 as wire
from tidewire.protocol.codec import history_result, joined, subscribe_result
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.json_codec import JSON
from tidewire.protocol.negotiation import negotiate
from tidewire.protocol.protobuf_codec import PROTOBUF
from tidewire.protocol.pushes import PUSHES, UnsubscribePush
from tidewire.protocol.requests import (
    UINT32,
    UINT64,
    BadCommand,
    BadFrame,
    ChannelRequest,
    Command,
    ConnectRequest,
    HistoryRequest,
    PublishRequest,
    RefreshRequest,
    RpcRequest,
    StreamPosition,
    SubscribeRequest,
)
from tidewire.protocol.results import RESULTS, ConnectResult, PingResult, Result
from tidewire.protocol.strict_json import MAX_DEPTH

CODECS = pytest.mark.parametrize("codec", [JSON, PROTOBUF], ids=["json", "protobuf"])


def decode(*objects: object) -> list[object]:
    return list(JSON.decode("\n".join(json.dumps(each) for each in objects)))


# -- in: JSON --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "meaning"),
    [
        ({"id": 1, "connect": {"token": "t", "name": "js"}}, Command(1, connect=ConnectRequest("t", "js"))),
        ({"id": 1, "connect": {}}, Command(1, connect=ConnectRequest())),
        ({"id": 2, "subscribe": {"channel": "room:1"}}, Command(2, subscribe=SubscribeRequest("room:1"))),
        (
            {"id": 2, "subscribe": {"channel": "room:1", "recover": True, "epoch": "e", "offset": 7, "flag": 3}},
            Command(2, subscribe=SubscribeRequest("room:1", True, "e", 7, 3)),
        ),
        ({"id": 3, "unsubscribe": {"channel": "room:1"}}, Command(3, unsubscribe=ChannelRequest("room:1"))),
        ({"id": 4, "refresh": {"token": "t"}}, Command(4, refresh=RefreshRequest("t"))),
        ({"id": 5, "presence": {"channel": "room:1"}}, Command(5, presence=ChannelRequest("room:1"))),
        ({"id": 5, "presence_stats": {"channel": "room:1"}}, Command(5, presence_stats=ChannelRequest("room:1"))),
        (
            {"id": 6, "history": {"channel": "room:1", "limit": 9, "since": {"offset": 3, "epoch": "e"}}},
            Command(6, history=HistoryRequest("room:1", 9, StreamPosition(3, "e"))),
        ),
        ({"id": 7, "rpc": {"method": "m", "data": {"a": 1}}}, Command(7, rpc=RpcRequest("m", Raw(b'{"a": 1}')))),
        ({"id": 8, "publish": {"channel": "c:1"}}, Command(8, publish=PublishRequest("c:1", Raw(b"null")))),
        ({"id": 9, "something_newer": {}}, Command(9)),
        ({"id": 9, "refresh": {"token": "t", "something_newer": 1}}, Command(9, refresh=RefreshRequest("t"))),
        ({}, Command()),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_command_is_decoded(command, meaning):
    assert decode(command) == [meaning]


def test_a_frame_may_hold_several_commands():
    found = JSON.decode('{"id":1,"ping":{}}\n\n  \n{}\n{"id":2,"ping":{}}\n')
    assert [(command.id, command.is_pong) for command in found] == [(1, False), (0, True), (2, False)]


def test_an_empty_object_is_a_pong_and_nothing_else_is():
    assert [command.is_pong for command in decode({}, {"id": 1}, {"connect": {}}, {"id": 1, "ping": {}})] == [
        True,
        False,
        False,
        False,
    ]


def test_flag_bit_two_asks_for_an_error():
    assert [SubscribeRequest("c", flag=flag).is_rejecting_unrecoverable for flag in range(5)] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    "command",
    [
        {"id": 7, "connect": []},
        {"id": 7, "connect": {"token": 1}},
        {"id": 7, "subscribe": {}},
        {"id": 7, "subscribe": {"channel": None}},
        {"id": 7, "subscribe": {"channel": "c:1", "recover": 1}},
        {"id": 7, "subscribe": {"channel": "c:1", "offset": "1"}},
        {"id": 7, "subscribe": {"channel": "c:1", "offset": -1}},
        {"id": 7, "subscribe": {"channel": "c:1", "offset": UINT64 + 1}},
        {"id": 7, "subscribe": {"channel": "c:1", "offset": 1.5}},
        {"id": 7, "subscribe": {"channel": "c:1", "flag": 2**63}},
        {"id": 7, "history": {"channel": "c:1", "limit": -(2**31) - 1}},
        {"id": 7, "history": {"channel": "c:1", "since": {"offset": -1}}},
        {"id": 7, "ping": {}, "connect": {}},
    ],
    ids=str,
)
def test_a_command_of_the_wrong_shape_gets_an_error(command):
    (found,) = decode(command)
    assert isinstance(found, BadCommand)
    assert found.id == 7


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "hello",
        "[]",
        "1",
        "null",
        '"text"',
        '{"id":1',
        '{"id":1}}',
        '{"id":"1","ping":{}}',
        '{"id":0,"connect":[]}',
        '{"id":-1,"ping":{}}',
        f'{{"id":{UINT32 + 1},"ping":{{}}}}',
        '{"id":1.5,"ping":{}}',
        '{"id":1,"ping":NaN}',
        '{"id":1e999,"ping":{}}',
        '{"id":1,"subscribe":{"channel":"\\ud800"}}',
        '{"id":1,"rpc":{"data":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}}",
        "[" * 100_000,
        "{" * 100_000,
        '{"id":1,"ping":{}}\nhello',
    ],
    ids=lambda text: text[:30],
)
def test_an_unreadable_text_is_a_bad_frame(text):
    with pytest.raises(BadFrame):
        list(JSON.decode(text))


@settings(deadline=None, database=None)
@given(st.text(max_size=80) | st.from_regex(r"\{(\"(id|ping|connect|subscribe)\":[0-9\[\]{},:\"a-z]{0,20},?){0,3}\}"))
def test_any_text_is_commands_or_a_bad_frame(text):
    try:
        found = list(JSON.decode(text))
    except BadFrame:
        return
    assert all(isinstance(each, Command | BadCommand) for each in found)


# -- in: Protobuf ----------------------------------------------------------------------------------------------------


def delimited(*messages: bytes) -> bytes:
    return b"".join(bytes([len(message)]) + message for message in messages)


def test_both_encodings_decode_to_the_same():
    command = wire.Command(id=2, subscribe=wire.SubscribeRequest(channel="room:1", recover=True, offset=7, flag=2))
    pong = wire.Command()
    text = '{"id":2,"subscribe":{"channel":"room:1","recover":true,"offset":7,"flag":2}}\n{}'
    binary = delimited(command.SerializeToString(), pong.SerializeToString())
    assert list(PROTOBUF.decode(binary)) == list(JSON.decode(text))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x05\x08",
        b"\xff\xff\xff\xff\xff\xff",
        b"\x80",
        b"\x02\xff\xff",
        delimited(b"\x08\x01") + b"\x7f",
        b"text",
    ],
    ids=bytes.hex,
)
def test_bytes_that_are_no_protobuf_are_a_bad_frame(data):
    with pytest.raises(BadFrame):
        list(PROTOBUF.decode(data))


@settings(deadline=None, database=None)
@given(st.binary(max_size=80))
def test_any_bytes_are_commands_or_a_bad_frame(data):
    try:
        found = list(PROTOBUF.decode(data))
    except BadFrame:
        return
    assert all(isinstance(each, Command | BadCommand) for each in found)


# -- out -------------------------------------------------------------------------------------------------------------


def entry(offset: int = 7, payload: str = '{"type":"message.created","data":{"text":"é😀"}}') -> Entry:
    return Entry(offset, "", "message.created", payload)


def test_frames_as_they_are_sent():
    publication = (
        '{"offset":7,"data":{"type":"message.created","data":{"text":"é😀"}},"tags":{"type":"message.created"}}'
    )
    assert JSON.publication("room:1", entry()).decode() == f'{{"push":{{"channel":"room:1","pub":{publication}}}}}'
    assert JSON.reply(3, history_result(JSON, "e", 7, [entry()])).decode() == (
        f'{{"id":3,"history":{{"publications":[{publication}],"epoch":"e","offset":7}}}}'
    )
    assert JSON.reply(3, PingResult()) == b'{"id":3,"ping":{}}'
    assert JSON.error(3, ErrorCode.PERMISSION_DENIED) == b'{"id":3,"error":{"code":103,"message":"permission denied"}}'
    assert JSON.error(3, ErrorCode.INTERNAL) == (
        b'{"id":3,"error":{"code":100,"message":"internal server error","temporary":true}}'
    )
    assert JSON.push("room:1", UnsubscribePush(2000, "why")) == (
        b'{"push":{"channel":"room:1","unsubscribe":{"code":2000,"reason":"why"}}}'
    )
    assert JSON.ping() == b"{}"
    assert JSON.join([b"1", b"2"]) == b"1\n2"


@pytest.mark.parametrize(
    ("options", "result"),
    [
        ({}, {"recoverable": True, "positioned": True, "epoch": "e"}),
        ({"offset": 7}, {"recoverable": True, "positioned": True, "epoch": "e", "offset": 7}),
        (
            {"offset": 7, "was_recovering": True},
            {"recoverable": True, "positioned": True, "epoch": "e", "offset": 7, "was_recovering": True},
        ),
        (
            {"was_recovering": True, "is_recovered": True},
            {"recoverable": True, "positioned": True, "epoch": "e", "recovered": True, "was_recovering": True},
        ),
    ],
)
def test_zero_values_are_left_out_of_a_subscribe_result(options, result):
    assert to_builtins(subscribe_result(JSON, epoch="e", **{"offset": 0, **options})) == result


def test_a_subscribe_result_holds_the_events_that_were_missed():
    result = subscribe_result(JSON, epoch="e", offset=6, entries=iter([entry(7), entry(8)]))
    assert [each["offset"] for each in json.loads(bytes(result.publications))] == [7, 8]


@pytest.mark.parametrize("encode", [JSON.reply, PROTOBUF.reply], ids=["json", "protobuf"])
def test_a_credential_without_an_end_is_not_said_to_expire(encode):
    plain = encode(1, ConnectResult("id", "tidewire", ping=25, pong=True))
    expiring = encode(1, ConnectResult("id", "tidewire", ping=25, pong=True, expires=True, ttl=9))
    assert encode(1, ConnectResult("id", "tidewire", 25, True, expires=False, ttl=0)) == plain
    assert len(expiring) > len(plain)


@pytest.mark.parametrize("type", [*RESULTS, *PUSHES], ids=lambda type: type.__name__)
def test_a_result_or_push_has_fields_of_the_protocol(type):
    """Both encodings have them by the same names."""
    frame, name = (wire.Reply, type.method) if issubclass(type, Result) else (wire.Push, type.kind)
    assert set(type.__struct_fields__) <= set(frame.DESCRIPTOR.fields_by_name[name].message_type.fields_by_name)


def test_a_codec_refuses_the_messages_of_the_other():
    for codec, message in ((JSON, b"{}"), (PROTOBUF, "{}")):
        with pytest.raises(BadFrame):
            list(codec.decode(message))


@CODECS
def test_an_envelope_is_never_larger_than_its_bound(codec):
    name, payload = "k" * 24 + ":" + "x" * 64, '"' + "x" * 1000 + '"'
    frame = codec.publication(name, Entry(2**63, "", "t" * 64, payload))
    assert len(frame) - len(payload) <= ENVELOPE_BYTES


@CODECS
def test_joined_messages_are_bounded_and_lose_nothing(codec):
    frames = [codec.publication("room:1", entry(number)) for number in range(60)]
    messages = list(joined(codec, frames, 1000))
    assert all(len(message) <= 1000 for message in messages)
    assert len(messages) > 5
    assert (b"\n" if codec.is_text else b"").join(messages) == codec.join(frames)


@CODECS
def test_a_frame_above_the_bound_is_a_message_of_its_own(codec):
    frames = [b"1", b"2" * 100, b"3"]
    assert list(joined(codec, frames, 10)) == frames
    assert list(joined(codec, [], 10)) == []


def test_offsets_of_64_bits_are_encoded_exactly():
    reply = PROTOBUF.publication("room:1", entry(UINT64))
    assert wire.Reply.FromString(reply[reply.index(b"\x22") :]).push.pub.offset == UINT64
    assert json.loads(JSON.publication("room:1", entry(UINT64)))["push"]["pub"]["offset"] == UINT64


# -- which encoding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subprotocols", "query", "codec", "echoed"),
    [
        ([], b"", JSON, None),
        ([], b"format=json", JSON, None),
        ([], b"format=protobuf", PROTOBUF, None),
        ([], b"cf_protocol_version=v2&format=protobuf", PROTOBUF, None),
        (["centrifuge-json"], b"", JSON, "centrifuge-json"),
        (["centrifuge-protobuf"], b"", PROTOBUF, "centrifuge-protobuf"),
        (["centrifuge-protobuf", "centrifuge-json"], b"", PROTOBUF, "centrifuge-protobuf"),
        (["something", "centrifuge-json"], b"format=protobuf", JSON, "centrifuge-json"),
        (["something"], b"", JSON, None),
        (["secret-token"], b"\xff\xfe", JSON, None),
    ],
)
def test_the_handshake_chooses_the_encoding(subprotocols, query, codec, echoed):
    assert negotiate({"subprotocols": subprotocols, "query_string": query}) == (codec, echoed)


def test_a_handshake_that_asks_for_nothing_is_json():
    assert negotiate({}) == (JSON, None)


def test_an_absent_position_is_unset():
    (command,) = decode({"id": 1, "history": {"channel": "c:1"}})
    assert command.history.since is UNSET
