"""The protocol's codes, as tables. Numbers and meanings are those of the Centrifuge client protocol. Each has a page.

SDKs come back after a disconnect below 3500 and stay away from 3500 on; they subscribe again after an unsubscribe
from 2500 on and not below; an error marked temporary is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a table: the number on the wire, the reason sent with it, and what it means here."""

    code: int
    reason: str
    temporary: bool = False
    meaning: str = ""


def rows(table: type) -> list[Code]:
    return [value for value in vars(table).values() if isinstance(value, Code)]


class ErrorCode:
    """Answers to a command. The connection lives on."""

    INTERNAL = Code(
        100,
        "internal server error",
        temporary=True,
        meaning="The command could not be answered now: most often the database was away.",
    )
    UNAUTHORIZED = Code(101, "unauthorized", meaning="The command takes somebody who has said who they are.")
    UNKNOWN_CHANNEL = Code(102, "unknown channel", meaning="There is no such stream.")
    PERMISSION_DENIED = Code(
        103,
        "permission denied",
        meaning="There is no such stream, or this user or key may not read it: both look the same.",
    )
    METHOD_NOT_FOUND = Code(104, "method not found", meaning="The command is none of this protocol.")
    ALREADY_SUBSCRIBED = Code(105, "already subscribed", meaning="This connection follows the stream already.")
    LIMIT_EXCEEDED = Code(106, "limit exceeded", meaning="The connection follows as many streams as one may.")
    BAD_REQUEST = Code(107, "bad request", meaning="The command does not have the shape that it must have.")
    NOT_AVAILABLE = Code(108, "not available", meaning="This server, or this kind of stream, does not do that.")
    TOKEN_EXPIRED = Code(
        109,
        "token expired",
        meaning="The token was good, and has ended. Fetch another and say it again; without one, sign in.",
    )
    EXPIRED = Code(110, "expired", meaning="The credential has ended.")
    TOO_MANY_REQUESTS = Code(
        111, "too many requests", temporary=True, meaning="More than this client, user or key may do. Wait a moment."
    )
    UNRECOVERABLE_POSITION = Code(
        112,
        "unrecoverable position",
        meaning="The log cannot be read on from this position. Read the list again, and subscribe from its position.",
    )


class Unsubscribe:
    """The end of one subscription. The connection lives on."""

    SERVER = Code(
        2000,
        "server unsubscribe",
        meaning="The user may no longer read the stream: removed from the room, or the room is gone.",
    )
    INSUFFICIENT_STATE = Code(
        2500,
        "insufficient state",
        meaning="What the client would have been sent is no longer in the log. The SDK subscribes again, and is told.",
    )
    EXPIRED = Code(2501, "subscription expired", meaning="The subscription had an end, and it came.")
    STATE_INVALIDATED = Code(
        2502,
        "state invalidated",
        meaning="The history was replaced: new epochs, after a restore. The SDK subscribes again and reads anew.",
    )


class Disconnect:
    """The end of a connection."""

    SHUTDOWN = Code(
        3001, "shutdown", meaning="The process is ending, for a deploy. The SDK comes back to its position."
    )
    SERVER_ERROR = Code(
        3004, "internal server error", meaning="Something failed on our side. The SDK comes back to its position."
    )
    EXPIRED = Code(3005, "connection expired", meaning="The credential ended and no other came in time.")
    SLOW = Code(3008, "slow", meaning="The client did not read what it was sent. It may come back to its position.")
    WRITE_ERROR = Code(3009, "write error", meaning="The socket could not be written to.")
    INSUFFICIENT_STATE = Code(
        3010, "insufficient state", meaning="The server lost its place in the log. The SDK comes back to its position."
    )
    FORCE_RECONNECT = Code(3011, "force reconnect", meaning="The client is asked to connect anew.")
    NO_PONG = Code(3012, "no pong", meaning="A ping was not answered in time.")
    TOO_MANY_REQUESTS = Code(3013, "too many requests", meaning="The client sent far more than it may.")
    INVALID_TOKEN = Code(
        3500, "invalid token", meaning="The token or key is none of ours, or its session has ended. Sign in again."
    )
    BAD_REQUEST = Code(
        3501, "bad request", meaning="A message that is no frame of this protocol, or too large, or out of turn."
    )
    STALE = Code(3502, "stale", meaning="The client did not say who it is within the time for it.")
    FORCE_NO_RECONNECT = Code(
        3503,
        "force disconnect",
        meaning="The session was ended, or the key revoked: by a logout, a new password, or by who runs the server.",
    )
    CONNECTION_LIMIT = Code(
        3504, "connection limit", meaning="The user has as many connections as one may; the oldest ends."
    )
    CHANNEL_LIMIT = Code(3505, "channel limit", meaning="The connection follows more streams than one may.")
    INAPPROPRIATE_PROTOCOL = Code(
        3506, "inappropriate protocol", meaning="A binary message on a JSON connection, or a text on a Protobuf one."
    )
    PERMISSION_DENIED = Code(3507, "permission denied", meaning="The connection is another user's, or may not be here.")
    NOT_AVAILABLE = Code(3508, "not available", meaning="This server does not do that.")
    TOO_MANY_ERRORS = Code(3509, "too many errors", meaning="The client made too many mistakes.")


def subscribes_again(code: Code) -> bool:
    return code.code >= 2500


def connects_again(code: Code) -> bool:
    return code.code < 3500
