"""The protocol's codes, as tables. Numbers and meanings are those of the Centrifuge client protocol.

SDKs come back after a disconnect below 3500 and stay away from 3500 on; they subscribe again after an unsubscribe
from 2500 on and not below; an error marked temporary is tried again.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One row of a table: the number on the wire and the reason sent with it."""

    code: int
    reason: str
    temporary: bool = False


class ErrorCode:
    """Answers to a command. The connection lives on."""

    INTERNAL = Code(100, "internal server error", temporary=True)
    UNAUTHORIZED = Code(101, "unauthorized")
    UNKNOWN_CHANNEL = Code(102, "unknown channel")
    PERMISSION_DENIED = Code(103, "permission denied")
    METHOD_NOT_FOUND = Code(104, "method not found")
    ALREADY_SUBSCRIBED = Code(105, "already subscribed")
    LIMIT_EXCEEDED = Code(106, "limit exceeded")
    BAD_REQUEST = Code(107, "bad request")
    NOT_AVAILABLE = Code(108, "not available")
    TOKEN_EXPIRED = Code(109, "token expired")
    EXPIRED = Code(110, "expired")
    TOO_MANY_REQUESTS = Code(111, "too many requests", temporary=True)
    UNRECOVERABLE_POSITION = Code(112, "unrecoverable position")


class Unsubscribe:
    """The end of one subscription. The connection lives on."""

    SERVER = Code(2000, "server unsubscribe")
    INSUFFICIENT_STATE = Code(2500, "insufficient state")
    EXPIRED = Code(2501, "subscription expired")
    STATE_INVALIDATED = Code(2502, "state invalidated")


class Disconnect:
    """The end of a connection."""

    SHUTDOWN = Code(3001, "shutdown")
    SERVER_ERROR = Code(3004, "internal server error")
    EXPIRED = Code(3005, "connection expired")
    SLOW = Code(3008, "slow")
    WRITE_ERROR = Code(3009, "write error")
    INSUFFICIENT_STATE = Code(3010, "insufficient state")
    FORCE_RECONNECT = Code(3011, "force reconnect")
    NO_PONG = Code(3012, "no pong")
    TOO_MANY_REQUESTS = Code(3013, "too many requests")
    INVALID_TOKEN = Code(3500, "invalid token")
    BAD_REQUEST = Code(3501, "bad request")
    STALE = Code(3502, "stale")
    FORCE_NO_RECONNECT = Code(3503, "force disconnect")
    CONNECTION_LIMIT = Code(3504, "connection limit")
    CHANNEL_LIMIT = Code(3505, "channel limit")
    INAPPROPRIATE_PROTOCOL = Code(3506, "inappropriate protocol")
    PERMISSION_DENIED = Code(3507, "permission denied")
    NOT_AVAILABLE = Code(3508, "not available")
    TOO_MANY_ERRORS = Code(3509, "too many errors")
