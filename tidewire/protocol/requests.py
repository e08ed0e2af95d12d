"""The commands that a client sends, as types. References: `client.proto` of centrifugal/protocol, and the frames that
the public SDKs send."""

from __future__ import annotations

from msgspec import UNSET, Raw, Struct, UnsetType

UINT32 = 2**32 - 1
UINT64 = 2**64 - 1


class BadFrame(Exception):
    """A client's message that cannot be read as commands."""


class BadCommand(Exception):
    """A command that has an id but not the right shape: it gets an error, the connection lives on."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


class ConnectRequest(Struct):
    token: str = ""
    name: str = ""
    version: str = ""


class SubscribeRequest(Struct):
    channel: str
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    flag: int = 0
    join_leave: bool = False

    @property
    def is_rejecting_unrecoverable(self) -> bool:
        """Flag bit 2: answer error 112 rather than `recovered: false`."""
        return bool(self.flag & 2)


class ChannelRequest(Struct):
    """What unsubscribe, presence and presence_stats ask for."""

    channel: str


class RefreshRequest(Struct):
    token: str = ""


class PublishRequest(Struct):
    """`data` is a JSON text in both encodings."""

    channel: str
    data: Raw = Raw(b"null")


class StreamPosition(Struct):
    offset: int = 0
    epoch: str = ""


class HistoryRequest(Struct):
    """`limit` 0 asks for the position only; no `since` starts at the oldest event, or at the newest in reverse."""

    channel: str
    limit: int = 0
    since: StreamPosition | UnsetType = UNSET
    reverse: bool = False


class RpcRequest(Struct):
    method: str = ""
    data: Raw = Raw(b"null")


class Anything(Struct):
    """A request of which nothing is read."""


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
    sub_refresh: Anything | UnsetType = UNSET
    send: Anything | UnsetType = UNSET
    ping: Anything | UnsetType = UNSET

    @property
    def methods(self) -> list[str]:
        return [name for name in METHODS if getattr(self, name) is not UNSET]

    @property
    def is_pong(self) -> bool:
        return self.id == 0 and not self.methods

    @property
    def is_in_range(self) -> bool:
        """The numbers fit the protocol's types, and at most one method is named."""
        numbers = [(self.id, UINT32)]
        if self.subscribe is not UNSET:
            numbers += [(self.subscribe.offset, UINT64), (self.subscribe.flag, UINT32)]
        if self.history is not UNSET:
            numbers += [(self.history.limit, UINT32)]
            numbers += [(self.history.since.offset, UINT64)] if self.history.since is not UNSET else []
        return all(0 <= number <= most for number, most in numbers) and len(self.methods) <= 1


METHODS = tuple(name for name in Command.__struct_fields__ if name != "id")
