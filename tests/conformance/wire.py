"""The engine's codecs, with the names of the suites' channels on the wire.

They add the parts of the protocol that only suites use: subscription tokens, subscriptions that the server makes, and
the delta format, in which this server sends every publication whole.
"""

from __future__ import annotations

from typing import Any

import msgspec
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from msgspec import UNSET, Raw, Struct, UnsetType

from tests.conformance.channels import channel_of
from tests.conformance.log import bytes_of, info_of, json_of
from tidewire.ground.positions import PAGE_EVENTS, Entry
from tidewire.protocol import wire_pb2
from tidewire.protocol.codec import Codec
from tidewire.protocol.json_codec import JsonCodec
from tidewire.protocol.protobuf_codec import ProtobufCodec
from tidewire.protocol.pushes import ClientInfo, Publication, Push
from tidewire.protocol.requests import Command, SubscribeRequest
from tidewire.protocol.results import ConnectResult, Result, SubscribeResult


class Subscribe(SubscribeRequest):
    token: str = ""
    delta: str = ""


class SubRefresh(Struct):
    channel: str = ""
    token: str = ""


class SuiteSubscribeResult(SubscribeResult):
    expires: bool = False
    ttl: int = 0
    delta: bool = False


class SuiteConnectResult(ConnectResult):
    subs: dict[str, SuiteSubscribeResult] | UnsetType = UNSET


class SubRefreshResult(Result):
    method = "sub_refresh"
    expires: bool = False
    ttl: int = 0


class SuiteCommand(Command):
    subscribe: Subscribe | UnsetType = UNSET
    sub_refresh: SubRefresh | UnsetType = UNSET

    @property
    def is_in_range(self) -> bool:
        """Takes a negative limit of history for a whole page: suites ask so for everything."""
        if self.history is not UNSET and self.history.limit < 0:
            self.history.limit = PAGE_EVENTS
        return super().is_in_range


class SuiteJsonCodec(JsonCodec):
    _commands = msgspec.json.Decoder(SuiteCommand)

    def push(self, channel: str, push: Push) -> bytes:
        return super().push(channel_of(channel), push)

    def publication(self, channel: str, entry: Entry) -> bytes:
        return super().publication(channel_of(channel), entry)

    def _publication(self, entry: Entry) -> Publication:
        info = info_of(entry.type)
        return Publication(entry.offset, Raw(self._data(entry)), info=ClientInfo(**info) if info else UNSET)

    def _data(self, entry: Entry) -> bytes:
        return json_of(entry.payload)


class DeltaJsonCodec(SuiteJsonCodec):
    """For subscriptions with deltas: `data` is a text that holds JSON, because a delta of JSON is not JSON."""

    def _data(self, entry: Entry) -> bytes:
        return msgspec.json.encode(json_of(entry.payload).decode())


_TYPE = descriptor_pb2.FieldDescriptorProto.Type.Value
TEXT, BOOL, UINT32 = (_TYPE(f"TYPE_{name}") for name in ("STRING", "BOOL", "UINT32"))


def _extended() -> Any:
    """Returns our Protobuf messages with more of the protocol's fields."""
    file = descriptor_pb2.FileDescriptorProto()
    wire_pb2.DESCRIPTOR.CopyToProto(file)
    ours, file.name, file.package = file.package, "conformance.proto", "tidewire.conformance"
    messages = {message.name: message for message in file.message_type}

    def add(message: str, name: str, number: int, type: int) -> None:
        messages[message].field.add(name=name, number=number, type=type, label=1)

    def add_message(message: str, name: str, number: int, type_name: str, label: int = 1) -> None:
        field = messages[message].field.add(name=name, number=number, type=11, label=label)
        field.type_name = f".{file.package}.{type_name}"

    messages["SubRefreshResult"] = file.message_type.add(name="SubRefreshResult")
    add("SubscribeRequest", "token", 2, TEXT)
    add("SubscribeRequest", "delta", 12, TEXT)
    add("SubRefreshRequest", "token", 2, TEXT)
    add("SubscribeResult", "delta", 13, BOOL)
    for result in ("SubscribeResult", "SubRefreshResult"):
        add(result, "expires", 1, BOOL)
        add(result, "ttl", 2, UINT32)
    add_message("Reply", "sub_refresh", 15, "SubRefreshResult")
    entry = messages["ConnectResult"].nested_type.add(name="SubsEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=TEXT, label=1)
    entry.field.add(name="value", number=2, type=11, label=1, type_name=f".{file.package}.SubscribeResult")
    add_message("ConnectResult", "subs", 6, "ConnectResult.SubsEntry", label=3)
    for message in [*messages.values(), *(nested for outer in messages.values() for nested in outer.nested_type)]:
        for field in message.field:
            if field.type_name:
                field.type_name = field.type_name.replace(f".{ours}.", f".{file.package}.")
    pool = descriptor_pool.DescriptorPool()
    descriptor = pool.Add(file) or pool.FindFileByName(file.name)
    found = {name: message_factory.GetMessageClass(m) for name, m in descriptor.message_types_by_name.items()}
    return type("wire", (), found)


class SuiteProtobufCodec(ProtobufCodec):
    wire = _extended()
    command_type = SuiteCommand

    def push(self, channel: str, push: Push) -> bytes:
        return super().push(channel_of(channel), push)

    def publication(self, channel: str, entry: Entry) -> bytes:
        return super().publication(channel_of(channel), entry)

    def _publication(self, entry: Entry) -> Any:
        info = info_of(entry.type)
        return self.wire.Publication(
            offset=entry.offset,
            data=bytes_of(entry.payload),
            info=self.wire.ClientInfo(**info) if info else None,
        )


JSON: Codec = SuiteJsonCodec()
DELTA_JSON: Codec = DeltaJsonCodec()
PROTOBUF: Codec = SuiteProtobufCodec()
