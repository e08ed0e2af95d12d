"""The engine's settings: `TIDEWIRE = {...}` in Django's settings, with these defaults."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "AUTHENTICATE": None,  # dotted path of (credential: str) -> Identity, or a look-up; see tokens.py
    "MAY_COMMAND": None,  # dotted path of (identity) -> bool: whether its quota allows one more command
    "RPC": {},  # method name -> dotted path of `async (caller, data) -> result`; see rpc.py
    "ALLOWED_ORIGINS": [],  # besides ALLOWED_HOSTS; a missing Origin (native clients) is always allowed
    "POLL_SECONDS": 0.5,  # how often touched streams are looked up in the log
    "TOUCHED_SECONDS": 10.0,  # how far back that look-up goes: above the longest transaction
    "AUDIT_SECONDS": 15.0,  # how often the heads of all watched streams are compared
    "ACCESS_SECONDS": 300.0,  # how often every subscription's access is asked again, as a net
    "HEARTBEAT_SECONDS": 1.0,  # how often the hub writes to its own mailbox
    "PRUNE_SECONDS": 3600.0,  # how often events outside their retention window are deleted; 0 for never
    "PREPARED_STATEMENTS": True,  # in PostgreSQL's sessions; False behind a pooler that gives each transaction another
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
    "MESSAGES_PER_SECOND": 30,  # of one client, answered in the long run; others wait
    "MESSAGE_BURST": 60,  # answered at once
    "MAX_QUEUED_MESSAGES": 256,  # of one client, waiting
    "MAX_QUEUED_BYTES": 256 * 1024,  # the same, in bytes
    "MAX_CONNECTIONS_PER_USER": 20,  # in one process; the oldest ends
    # What follows holds on every server; see tidewire/serve/.
    "TRUSTED_PROXIES": 0,  # how many proxies stand before us, each adding one address to X-Forwarded-For
    "MAX_BODY_BYTES": 1024 * 1024,  # of a request
    "MAX_VIEWS": 16,  # requests in sync views at once: fewer than the database's pool holds
    "MAX_WAITING_VIEWS": 64,  # requests waiting for one of these places
    "VIEW_WAIT_SECONDS": 2.0,  # and how long
    "PROBLEM_TYPE": "urn:tidewire:problem:{code}",  # the `type` of refusals that no view has seen
    "METRICS_TOKEN": "",  # who may read /metrics from elsewhere than this machine
    # What follows holds under `manage.py serve`.
    "DRAIN_SECONDS": 5.0,  # over which sockets are closed when the process is to end
    "MAX_CONNECTIONS": 10_000,  # sockets of one process
    "MAX_UNIDENTIFIED_PER_ADDRESS": 50,  # sockets that have not sent `connect`
    "MAX_SOCKETS_PER_ADDRESS": 1000,  # in one process; loopback is free
    "ACCEPTS_PER_SECOND": 200,  # sockets opened in the long run; more are told to come back
    "ACCEPT_BURST": 400,  # opened at once
    "HEADER_SECONDS": 10.0,  # for a request's headers
    "BODY_SECONDS": 30.0,  # for its body
}


class _Conf:
    def __getattr__(self, name: str) -> Any:
        return getattr(settings, "TIDEWIRE", {}).get(name, DEFAULTS[name])


conf = _Conf()
