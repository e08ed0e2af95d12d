"""The engine's settings: `TIDEWIRE = {...}` in Django's settings, with these defaults."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "AUTHENTICATE": None,  # dotted path of (credential: str) -> Identity
    "RPC": {},  # method name -> dotted path of `async (caller, data) -> result`; see rpc.py
    "ALLOWED_ORIGINS": [],  # besides ALLOWED_HOSTS; a missing Origin (native clients) is always allowed
    "POLL_SECONDS": 0.5,  # how often touched streams are looked up in the log
    "TOUCHED_SECONDS": 10.0,  # how far back that look-up goes: above the longest transaction
    "AUDIT_SECONDS": 15.0,  # how often the heads of all watched streams are compared
    "HEARTBEAT_SECONDS": 1.0,  # how often the hub writes to its own mailbox
    "PRUNE_SECONDS": 3600.0,  # how often events outside their retention window are deleted; 0 for never
    "DATABASE_THREADS": 4,  # threads that read the log and the access rules for the sockets
    "PING_SECONDS": 25,
    "PONG_SECONDS": 20,  # how long a ping may go unanswered
    "CONNECT_SECONDS": 5.0,  # a socket that has not sent `connect` by then is closed
    "EXPIRY_GRACE_SECONDS": 10.0,  # between a token's end and the socket's: a refresh may be under way
    "MAX_FRAME_BYTES": 64 * 1024,  # of a client's message
    "MAX_UNREAD_BYTES": 1024 * 1024,  # written to a socket and not read by its client
    "MARK_BYTES": 128 * 1024,  # a ping follows after every so many bytes, as a mark of what was read
    "MAX_SUBSCRIPTIONS": 512,  # of one connection
    "MAX_COMMANDS": 1024,  # in one frame
}


class _Conf:
    def __getattr__(self, name: str) -> Any:
        return getattr(settings, "TIDEWIRE", {}).get(name, DEFAULTS[name])


conf = _Conf()
