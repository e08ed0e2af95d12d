"""The protocol's codes, as tables. Numbers and meanings are those of the Centrifuge client protocol.

SDKs connect again after a disconnect below 3500 and not from 3500 on. They subscribe again after an unsubscribe from
2500 on and not below. They try again after an error that is marked temporary. Each code has a page of its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a table: the number and the reason on the wire, and what they mean here, for the code's page."""

    code: int
    reason: str
    temporary: bool = False
    meaning: str = ""


def rows(table: type) -> list[Code]:
    """Returns the codes of a table, in its order."""
    return [value for value in vars(table).values() if isinstance(value, Code)]


class ErrorCode:
    """A command is refused. The connection lives on."""

    INTERNAL = Code(
        100,
        "internal server error",
        temporary=True,
        meaning="The command could not be answered now, most often because the database did not answer.",
    )
    UNAUTHORIZED = Code(101, "unauthorized", meaning="The command needs a signed-in user.")
    UNKNOWN_CHANNEL = Code(102, "unknown channel", meaning="There is no such stream.")
    PERMISSION_DENIED = Code(
        103,
        "permission denied",
        meaning="There is no such stream, or this user or key may not read it. Both look the same.",
    )
    METHOD_NOT_FOUND = Code(104, "method not found", meaning="The protocol has no such command.")
    ALREADY_SUBSCRIBED = Code(105, "already subscribed", meaning="This connection is subscribed to the stream already.")
    LIMIT_EXCEEDED = Code(106, "limit exceeded", meaning="The connection has as many subscriptions as are allowed.")
    BAD_REQUEST = Code(107, "bad request", meaning="The command does not have the right shape.")
    NOT_AVAILABLE = Code(108, "not available", meaning="This server, or this kind of stream, does not offer that.")
    TOKEN_EXPIRED = Code(
        109,
        "token expired",
        meaning="The token was valid and has expired. Fetch another and send the command again; without one, sign in.",
    )
    EXPIRED = Code(110, "expired", meaning="The credential has expired.")
    TOO_MANY_REQUESTS = Code(
        111,
        "too many requests",
        temporary=True,
        meaning="This client, user or key has sent more than is allowed. Wait a moment.",
    )
    UNRECOVERABLE_POSITION = Code(
        112,
        "unrecoverable position",
        meaning="The log no longer reaches back to this position. Read the list again, and subscribe from there.",
    )


class Unsubscribe:
    """The server ends one subscription. The connection lives on."""

    SERVER = Code(
        2000,
        "server unsubscribe",
        meaning="The user may no longer read the stream: removed from the room, or the room was deleted.",
    )
    INSUFFICIENT_STATE = Code(
        2500,
        "insufficient state",
        meaning="The next events are no longer in the log. The SDK subscribes again and reads anew.",
    )
    EXPIRED = Code(2501, "subscription expired", meaning="The subscription was allowed for a time, which is over.")
    STATE_INVALIDATED = Code(
        2502,
        "state invalidated",
        meaning="The stream has a new epoch, after a restore of the database; or one transaction had more events than "
        "are pushed. The SDK subscribes again and reads anew.",
    )


class Disconnect:
    """The server closes the connection."""

    SHUTDOWN = Code(3001, "shutdown", meaning="The process ends, for a deploy. The SDK returns with its positions.")
    SERVER_ERROR = Code(
        3004, "internal server error", meaning="Something failed in the server. The SDK returns with its positions."
    )
    EXPIRED = Code(3005, "connection expired", meaning="The credential expired, and the client sent no other in time.")
    SLOW = Code(3008, "slow", meaning="The client did not read what it was sent. It may return with its positions.")
    WRITE_ERROR = Code(3009, "write error", meaning="The socket could not be written to.")
    INSUFFICIENT_STATE = Code(
        3010, "insufficient state", meaning="The server lost its place in the log. The SDK returns with its positions."
    )
    FORCE_RECONNECT = Code(3011, "force reconnect", meaning="The client shall connect anew.")
    NO_PONG = Code(3012, "no pong", meaning="The client did not answer a ping in time.")
    TOO_MANY_REQUESTS = Code(3013, "too many requests", meaning="The client sent far more than is allowed.")
    INVALID_TOKEN = Code(
        3500, "invalid token", meaning="The token or key is not valid, or its session has ended. Sign in again."
    )
    BAD_REQUEST = Code(
        3501, "bad request", meaning="A message was no frame of this protocol, or too large, or sent before `connect`."
    )
    STALE = Code(3502, "stale", meaning="The client did not send `connect` in time.")
    FORCE_NO_RECONNECT = Code(
        3503,
        "force disconnect",
        meaning="The session or the key was revoked: by a logout, a new password, or an administrator.",
    )
    CONNECTION_LIMIT = Code(
        3504, "connection limit", meaning="The user opened more connections than are allowed; the oldest is closed."
    )
    CHANNEL_LIMIT = Code(3505, "channel limit", meaning="The connection has more subscriptions than are allowed.")
    INAPPROPRIATE_PROTOCOL = Code(
        3506,
        "inappropriate protocol",
        meaning="A binary message on a JSON connection, or a text message on a Protobuf connection.",
    )
    PERMISSION_DENIED = Code(
        3507,
        "permission denied",
        meaning="The token is another user's, or the user may not read the room of this socket.",
    )
    NOT_AVAILABLE = Code(3508, "not available", meaning="This server does not offer that.")
    TOO_MANY_ERRORS = Code(3509, "too many errors", meaning="The client made too many mistakes.")


def subscribes_again(code: Code) -> bool:
    """Returns whether SDKs subscribe again after this unsubscribe code."""
    return code.code >= 2500


def connects_again(code: Code) -> bool:
    """Returns whether SDKs connect again after this disconnect code."""
    return code.code < 3500
