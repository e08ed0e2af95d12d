"""The commands that a client sends, as types. The AsyncAPI document is derived from them.

References: `client.proto` of centrifugal/protocol, and the frames that the public SDKs send.
"""

from __future__ import annotations

from functools import cache
from typing import get_args, get_type_hints

from msgspec import UNSET, Raw, Struct, UnsetType, field

UINT32 = 2**32 - 1
UINT64 = 2**64 - 1
INT64 = 2**63 - 1
INT32 = 2**31


def _null() -> Raw:
    """As a factory, because msgspec can derive no schema from a default that is Raw."""
    return Raw(b"null")


class BadFrame(Exception):
    """A client's message that cannot be read as commands. It ends the connection."""


class BadCommand(Exception):
    """A command that has an id but not the right shape. It is answered with an error, and the connection lives on."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class Request(Struct, omit_defaults=True):
    """The content of a command, which stands in its frame under the name of the method."""


class ConnectRequest(Request):
    """Opens the protocol's connection with a credential. `name` and `version` are the SDK's."""

    token: str = ""
    name: str = ""
    version: str = ""


class SubscribeRequest(Request):
    """Subscribes to a stream; with `recover`, from the position `epoch` and `offset`.

    `tf`, a filter by tags, and a `type` other than 0 (map and shared-poll subscriptions) are refused: a client that
    asks for them would otherwise be sent what it did not ask for.
    """

    channel: str
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    flag: int = 0
    join_leave: bool = False
    tf: Raw = field(default_factory=_null)
    type: int = 0

    @property
    def has_filter(self) -> bool:
        return bytes(self.tf) not in (b"", b"null")

    @property
    def is_rejecting_unrecoverable(self) -> bool:
        """Whether the client asks for error 112 rather than `recovered: false` (bit 2 of `flag`)."""
        return bool(self.flag & 2)


class ChannelRequest(Request):
    """Names a stream, for unsubscribe, presence and presence_stats."""

    channel: str


class RefreshRequest(Request):
    """Carries a newer credential of the same user."""

    token: str = ""


class PublishRequest(Request):
    """Publishes an ephemeral message to a stream. `data` is a JSON text in both encodings."""

    channel: str
    data: Raw = field(default_factory=_null)


class StreamPosition(Struct, omit_defaults=True):
    """A place in a stream."""

    offset: int = 0
    epoch: str = ""


class HistoryRequest(Request):
    """Asks for at most `limit` events of the log; with 0, only for the head, and with -1 for one page of them. Without
    `since` they begin with the oldest event, or with the newest in `reverse`."""

    channel: str
    limit: int = 0
    since: StreamPosition | UnsetType = UNSET
    reverse: bool = False


class RpcRequest(Request):
    """Calls a method of the application. `data` is a JSON text in both encodings."""

    method: str = ""
    data: Raw = field(default_factory=_null)


class PingRequest(Request):
    """Asks whether the server is there."""


class UnreadRequest(Request):
    """A request of which nothing is read, because this server does not offer its method."""


class Command(Struct):
    """One command: an id, and the one method that is set. None of them set is a pong."""

    id: int = 0
    connect: ConnectRequest | UnsetType = UNSET
    subscribe: SubscribeRequest | UnsetType = UNSET
    unsubscribe: ChannelRequest | UnsetType = UNSET
    refresh: RefreshRequest | UnsetType = UNSET
    publish: PublishRequest | UnsetType = UNSET
    presence: ChannelRequest | UnsetType = UNSET
    presence_stats: ChannelRequest | UnsetType = UNSET
    history: HistoryRequest | UnsetType = UNSET
    rpc: RpcRequest | UnsetType = UNSET
    sub_refresh: UnreadRequest | UnsetType = UNSET
    send: UnreadRequest | UnsetType = UNSET
    ping: PingRequest | UnsetType = UNSET

    @property
    def methods(self) -> list[str]:
        """The methods that are set. A well-formed command has one, a pong none."""
        return [name for name in METHODS if getattr(self, name) is not UNSET]

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and not self.methods

    @property
    def is_in_range(self) -> bool:
        """Whether the numbers fit the protocol's types, and at most one method is set."""
        numbers = [(0, self.id, UINT32)]
        if self.subscribe is not UNSET:
            numbers += [(0, self.subscribe.offset, UINT64), (-INT64, self.subscribe.flag, INT64)]
            numbers += [(-INT32, self.subscribe.type, INT32)]
        if self.history is not UNSET:
            numbers += [(-INT32, self.history.limit, UINT32)]
            numbers += [(0, self.history.since.offset, UINT64)] if self.history.since is not UNSET else []
        return all(least <= number <= most for least, number, most in numbers) and len(self.methods) <= 1


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")


@cache
def request_types(command_type: type[Command] = Command) -> dict[str, type[Struct]]:
    """Returns {method: type of its request}."""
    hints = get_type_hints(command_type)
    return {name: get_args(hints[name])[0] for name in METHODS}
