"""The pushes that the server sends without being asked, as types. The AsyncAPI document is derived from them."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

Offset = Annotated[int, Meta(ge=1)]


class Push(Struct):
    """The content of a push frame, which stands there under the name `kind`."""

    kind: ClassVar[str]


class ClientInfo(Struct, gc=False):
    """A connection, as the other subscribers of a stream see it."""

    user: Annotated[str, Meta(description="The id of its user.")]
    client: Annotated[str, Meta(description="The id of the connection.")]


class PublicationTags(Struct, gc=False):
    """What a client may read of an event without decoding `data`."""

    type: Annotated[str, Meta(description="The event's type.")]


class Publication(Push, gc=False):
    """An event of the log, with its offset; or an ephemeral message, which has none and says who sent it."""

    kind = "pub"

    # Without defaults, so that it can be made with positional arguments: this is the hot path.
    offset: Annotated[Offset | UnsetType, Meta(description="Its place in the stream; not of an ephemeral message.")]
    data: Annotated[Raw, Meta(description="A JSON text.")]
    tags: Annotated[PublicationTags | UnsetType, Meta(description="Stored events only.")] = UNSET
    info: Annotated[ClientInfo | UnsetType, Meta(description="Ephemeral messages only: who sent it.")] = UNSET


class JoinPush(Push):
    """A client has subscribed to the stream; sent to those who subscribed with `join_leave`."""

    kind = "join"
    info: ClientInfo


class LeavePush(Push):
    """A client has left the stream; sent to those who subscribed with `join_leave`."""

    kind = "leave"
    info: ClientInfo


class UnsubscribePush(Push):
    """This subscription is over, the connection is not. From code 2500 on, subscribe again."""

    kind = "unsubscribe"
    code: Annotated[int, Meta(ge=0, description="See the table of codes.")]
    reason: Annotated[str, Meta(description="For people.")]


class DisconnectPush(Push):
    """The connection is over and the client should stay away.

    The close frame follows. Some servers lose its reason, and SDKs that see none would come back.
    """

    kind = "disconnect"
    code: Annotated[int, Meta(ge=3500, description="See the table of codes.")]
    reason: Annotated[str, Meta(description="For people.")]


PUSHES: tuple[type[Push], ...] = (Publication, JoinPush, LeavePush, UnsubscribePush, DisconnectPush)
