"""The replies to commands, as types: a result for each method, or an error. The AsyncAPI document is derived from them.

A field with a default is left out of the frame while it has that value, as the protocol's own server does.
"""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from tidewire.protocol.pushes import ClientInfo, Publication

Number = Annotated[int, Meta(ge=0)]


class Error(Struct, omit_defaults=True):
    """Why a command was refused."""

    code: Annotated[Number, Meta(description="See the table of codes.")]
    message: Annotated[str, Meta(description="For people.")]
    temporary: Annotated[bool, Meta(description="Try again later.")] = False


class Result(Struct, omit_defaults=True):
    """The content of a reply, which stands in its frame under the name of the command's `method`."""

    method: ClassVar[str]


class ConnectResult(Result):
    """The connection knows its user."""

    method = "connect"
    client: Annotated[str, Meta(description="The id of this connection.")]
    version: Annotated[str, Meta(description="The server.")]
    ping: Annotated[Number, Meta(description="Seconds between the server's pings.")]
    pong: Annotated[bool, Meta(description="The server wants its pings answered.")]
    expires: Annotated[bool, Meta(description="The token ends.")] = False
    ttl: Annotated[Number, Meta(description="Seconds until it does: refresh before.")] = 0
    session: Annotated[
        str | UnsetType, Meta(description="Not on a WebSocket: names this connection in requests to `/emulation`.")
    ] = UNSET
    node: Annotated[str | UnsetType, Meta(description="Not on a WebSocket: the process, for the same.")] = UNSET


class RefreshResult(Result):
    """The newer token is accepted."""

    method = "refresh"
    client: Annotated[str, Meta(description="The id of this connection.")]
    version: Annotated[str, Meta(description="The server.")]
    expires: Annotated[bool, Meta(description="The token ends.")] = False
    ttl: Annotated[Number, Meta(description="Seconds until it does: refresh before.")] = 0


class SubscribeResult(Result):
    """The client is subscribed. `publications` holds what the codec made of the entries; see `Codec.publications`."""

    method = "subscribe"
    recoverable: Annotated[bool, Meta(description="The stream has a log to come back to.")]
    positioned: Annotated[bool, Meta(description="Its events have offsets.")]
    epoch: Annotated[str, Meta(description="Offsets compare within one epoch only.")]
    offset: Annotated[Number, Meta(description="Where the stream stands; left out at 0.")] = 0
    publications: Annotated[
        list[Publication] | UnsetType, Meta(description="What was missed: a page of it, the rest is pushed.")
    ] = UNSET
    recovered: Annotated[
        bool, Meta(description="All that was missed is here or follows. Without it: read the list again.")
    ] = False
    was_recovering: Annotated[bool, Meta(description="The client asked to recover.")] = False


class HistoryResult(Result):
    """Events of the log, and where the stream stands. `publications` as in SubscribeResult."""

    method = "history"
    publications: Annotated[list[Publication], Meta(description="In the order asked for.")]
    epoch: Annotated[str, Meta(description="Offsets compare within one epoch only.")]
    offset: Annotated[Number, Meta(description="Where the stream stands.")]


class PresenceResult(Result):
    """The connections that are subscribed to the stream now."""

    method = "presence"
    presence: Annotated[dict[str, ClientInfo], Meta(description="By the id of the connection.")]


class PresenceStatsResult(Result):
    """How many are subscribed to the stream now."""

    method = "presence_stats"
    num_clients: Annotated[Number, Meta(description="Connections.")]
    num_users: Annotated[Number, Meta(description="People.")]


class RpcResult(Result):
    """What the application's method returned."""

    method = "rpc"
    data: Annotated[Raw, Meta(description="What the method returned.")]


class UnsubscribeResult(Result):
    """The client is subscribed no more."""

    method = "unsubscribe"


class PublishResult(Result):
    """The ephemeral message was passed on."""

    method = "publish"


class PingResult(Result):
    """The server is there."""

    method = "ping"


RESULTS: tuple[type[Result], ...] = (
    *(ConnectResult, SubscribeResult, UnsubscribeResult, RefreshResult, PublishResult),
    *(PresenceResult, PresenceStatsResult, HistoryResult, RpcResult, PingResult),
)
