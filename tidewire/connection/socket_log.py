"""One log line, and the figures, of each socket's end.

The line goes to the logger `tidewire.sockets` at level INFO; a project turns it off by that logger's level.
"""

from __future__ import annotations

import logging

from tidewire.connection.connection import Connection
from tidewire.ground import metrics

logger = logging.getLogger("tidewire.sockets")

ABNORMAL = 1006
"""The code of RFC 6455 for a connection that ended without a close frame."""
STANDARD = frozenset({1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015})
"""A client may send any code up to 4999; in labels those of other meanings are one."""


def log_end(connection: Connection, given: int | None, seconds: float) -> None:
    """Counts and logs the end of a socket. `given` is the code with which this side ended it, None where the client
    did. `seconds` is how long the socket was open."""
    side = "client" if given is None else "server"
    code = given or connection.received_code or ABNORMAL
    is_known = given is not None or code in STANDARD
    metrics.socket_closes.labels(code if is_known else "other", side).inc()
    if logger.isEnabledFor(logging.INFO):
        logger.info(
            "socket closed %d by the %s",
            *(code, side),
            extra={
                "code": code,
                "side": side,
                "seconds": round(seconds, 3),
                "events": connection.events,
                "user": "" if connection.identity is None else connection.identity.user_id,
                "address": connection.address,
                "connection": connection.id,
            },
        )
