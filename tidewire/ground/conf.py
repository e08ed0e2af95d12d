"""The engine's settings: `TIDEWIRE = {...}` in Django's settings, over these defaults."""

from __future__ import annotations

from typing import Any

from django.conf import settings

DEFAULTS: dict[str, Any] = {
    "AUTHENTICATE": None,  # dotted path of (credential: str) -> Identity | LookUp; see ground/credentials.py
    "SESSION_COOKIES": False,  # Django's session cookie signs in sockets of pages of this host, beside AUTHENTICATE
    "MAY_COMMAND": None,  # dotted path of (identity) -> bool: whether its quota allows one more command
    "TOKEN_SECONDS": 3600.0,  # how long a credential lives at most that AUTHENTICATE accepts without a look-up
    "MAY_ASK": None,  # dotted path of (address) -> bool: the same for a request without a valid credential
    "AUTHENTICATE_EVENTS": None,  # dotted name of the same for the token in the address of `streams/events/`
    "RPC": {},  # {method name: dotted path of `async (context, data) -> result`}; see connection/rpc.py
    "ALLOWED_ORIGINS": [],  # besides ALLOWED_HOSTS; a request without Origin (native clients) is always allowed
    # The log and its readers.
    "POLL_SECONDS": 0.5,  # how often the log is asked which streams were written lately
    "TOUCHED_SECONDS": 10.0,  # what "lately" means: longer than the longest transaction
    "AUDIT_SECONDS": 15.0,  # how often the heads of all streams with a subscriber are compared with the log
    "ACCESS_SECONDS": 300.0,  # how often the access of every subscription is checked again, besides all other checks
    "MAX_PUSHED_EVENTS": 2000,  # of one transaction and stream; above it subscribers read anew; 0 for no limit
    "HEARTBEAT_SECONDS": 1.0,  # how often the hub sends a message to its own mailbox
    "PRUNE_SECONDS": 3600.0,  # how often chores are done, such as deleting old events; 0 for never, see jobs/chores.py
    "PRUNE_SHARE": 0.05,  # of the time, in which chores may delete: the rest is for writers
    "RETENTION_EVENTS": 10_000,  # an event is kept while it is among so many last ones of its stream,
    "RETENTION_SECONDS": 72 * 3600.0,  # or younger than this; a kind's own `retention` has its own numbers
    "JOB_SECONDS": 1.0,  # how often a process looks for pending jobs; 0 for never
    "LOGBOOK_SECONDS": 5.0,  # how often a process writes what has changed in its connections; 0 for never
    "LOGBOOK_KEPT_SECONDS": 7 * 86400.0,  # how long the logbook keeps a connection that has ended
    "SHARED_PAGE_BYTES": 8 * 1024 * 1024,  # of the newest pages of lists, kept encoded; 0 keeps none
    "PREPARED_QUERIES": True,  # the fast path to the database; False for plain Django and psycopg
    "SEARCH_LANGUAGES": ["simple"],  # whose word forms a search knows; "simple" knows none; see docs/search.md
    "SEARCH_SECONDS": 2.0,  # for the statement of one search; what takes longer is refused as too slow
    "REPLICA_WAIT_SECONDS": 0.05,  # how long a read waits for the database alias `replica` to catch up
    "DATABASE_THREADS": 4,  # threads that read the log and check access for the sockets
    # Webhooks; see webhooks/.
    "WEBHOOK_POLL_SECONDS": 0.03,  # how often a worker asks whether anything was written
    "WEBHOOK_TIMEOUT_SECONDS": 10.0,  # for one attempt: name, connection, request and answer together
    "WEBHOOK_RETRY_SECONDS": 1.0,  # until the second attempt; twice as long each time, up to an hour
    "WEBHOOK_GIVE_UP_SECONDS": 86_400.0,  # an endpoint is disabled when a message has failed for so long
    "WEBHOOK_LEASE_SECONDS": 5.0,  # how long the positions of a worker that was killed wait for another
    "WEBHOOK_DELIVERIES_SECONDS": 72 * 3600.0,  # how long the list of deliveries goes back
    "WEBHOOK_HTTPS_ONLY": True,  # refuses http:// URLs
    "WEBHOOK_LOOPBACK": False,  # allows receivers on this machine, for development and tests
    # The bridge to a broker of MQTT; see mqtt/.
    "MQTT_HOST": "127.0.0.1",  # of the broker
    "MQTT_PORT": 1883,  # of the broker; 8883 where MQTT_TLS is on
    "MQTT_TLS": False,  # to the broker, checked against the system's certificates
    "MQTT_PROTOCOL": "5",  # that the bridge speaks, or "3.1.1"; devices speak what the broker does
    "MQTT_USER": "tidewire",  # as which the bridge signs in
    "MQTT_PASSWORD": "",  # "" for one that is made of SECRET_KEY
    "MQTT_PREFIX": "tidewire",  # the first level of all topics
    "MQTT_FILES": None,  # the folder of the broker's password and ACL files; None writes none
    "MQTT_RELOAD": "",  # a command that has the broker read these files again; "" where it notices by itself
    "MQTT_USERS": None,  # dotted path of () -> list of MqttUser; see mqtt/users.py
    "MQTT_APPLICATION": None,  # dotted path of an ASGI application for scopes of type "mqtt"; see mqtt/gateway.py
    "MQTT_MORE_FILTERS": [],  # filters that the application above reads and writes, besides those of the bridge
    "MQTT_WINDOW": 64,  # messages that the broker hands to the bridge and that are not stored yet
    "MQTT_SAVE_SECONDS": 10.0,  # what a broker confirmed in the last so many seconds, its crash may lose
    "MQTT_POLL_SECONDS": 0.03,  # how often the log is asked whether anything was written
    # Nodes of Centrifugo; see centrifugo/.
    "CENTRIFUGO_NODES": [],  # the addresses of their HTTP APIs, of every node: ["http://10.0.0.7:8000/api"]
    "CENTRIFUGO_API_KEY": "",  # which these want
    "CENTRIFUGO_SECRET": "",  # which nodes show when they ask whether a client may do something
    "CENTRIFUGO_TABLES": "cf",  # how the names of their tables begin
    "CENTRIFUGO_IDENTITY": None,  # dotted path of (user id, meta) -> Identity of a connection at a node
    # One connection.
    "PING_SECONDS": 25,  # between two pings
    "PONG_SECONDS": 20,  # how long a ping may stay unanswered
    "CONNECT_SECONDS": 5.0,  # a socket that has not sent `connect` by then is closed
    "EXPIRY_GRACE_SECONDS": 10.0,  # between a token's end and the connection's, as a refresh may be under way
    "MAX_FRAME_BYTES": 256 * 1024,  # of one message of the client: MAX_SUBSCRIPTIONS recovering subscribes and more
    "MAX_UNREAD_BYTES": 1024 * 1024,  # written to a socket and not read by the client
    "MARK_BYTES": 128 * 1024,  # after so many bytes a ping follows, whose answer shows that they were read
    "MAX_SUBSCRIPTIONS": 512,  # as many may be made at once, whenever the client comes back
    "MAX_COMMANDS": 1024,  # in one message
    "MESSAGES_PER_SECOND": 30,  # commands of one client in the long run, and subscribes likewise; more wait
    "MESSAGE_BURST": 60,  # commands at once, subscribes apart
    "FRAME_BURST": 2048,  # frames of any kind at once, pings and fragments too: above MAX_QUEUED_MESSAGES
    "FRAMES_PER_SECOND": 128,  # in the long run; more wait, and a client that goes on for 5 s is disconnected
    "MAX_QUEUED_MESSAGES": 1024,  # of one client, waiting: above MAX_SUBSCRIPTIONS, for SDKs that send one message each
    "MAX_QUEUED_BYTES": 512 * 1024,  # the same, in bytes: above MAX_FRAME_BYTES
    "MAX_CONNECTIONS_PER_USER": 20,  # in one process; above it the oldest is closed
    # Responses that stay open; see doors/.
    "RESPONSE_SECONDS": 55.0,  # then a response ends, and its client comes back and is authorised anew
    "LONG_POLL_SECONDS": 25.0,  # how long a long poll waits for an event
    "COMMENT_SECONDS": 25.0,  # between two comments, which keep proxies from giving up
    "MAX_EVENT_STREAMS": 20,  # streams of one response
    # Requests, on every server; see http/.
    "TRUSTED_PROXIES": 0,  # how many proxies stand in front, each of which adds one address to X-Forwarded-For
    "LIMITED_PATHS": [],  # regular expressions of paths that these limits hold for, besides the engine's own; [""]: all
    "MAX_BODY_BYTES": 1024 * 1024,  # of a request
    "LARGER_BODIES": {},  # {regular expression that is found in a path: bytes}, for batches
    "MAX_VIEWS": 16,  # requests in sync views at once: fewer than the database's pool holds
    "MAX_VIEWS_PER_ACCOUNT": 4,  # of these, requests of one account, or of one address without a known credential
    "MAX_WAITING_VIEWS": 64,  # requests that wait for a view
    "VIEW_WAIT_SECONDS": 2.0,  # how long they wait
    "VIEW_SET": "tidewire.rest.views.ResourceViewSet",  # the base of the views that `startresource` writes
    "PROBLEM_TYPE": "urn:tidewire:problem:{code}",  # the `type` of refusals that happen before any view
    "EXPOSED_HEADERS": ["Retry-After"],  # of refusals before any view, which pages of ALLOWED_ORIGINS may read
    "TRACING": False,  # spans of OpenTelemetry, by the tracer provider of the project; needs `tidewire[otel]`
    "DATABASE_MAX_BYTES": 0,  # what the database may grow to, for the metrics; 0: not known, on SQLite the free disk
    "METRICS_TOKEN": "",  # allows other machines than this one to read /metrics
    # `manage.py serve`.
    "FIRST_REQUESTS": ["/"],  # paths that a new worker must answer, without a 5xx, before it replaces another
    "LAME_DUCK_SECONDS": 0.0,  # between SIGTERM and the drain: /readyz answers 503, and everything is served
    "DRAIN_SECONDS": 5.0,  # over which sockets are closed before the process ends
    "MAX_CONNECTIONS": 10_000,  # sockets of one process, and responses that stay open
    "MAX_UNIDENTIFIED_PER_ADDRESS": 50,  # sockets that have not sent `connect`
    "MAX_SOCKETS_PER_ADDRESS": 1000,  # in one process; loopback has no limit
    "ACCEPTS_PER_SECOND": 200,  # sockets opened in the long run; more are refused and may try again
    "ACCEPT_BURST": 400,  # opened at once
    "ACCEPTS_PER_SECOND_PER_ADDRESS": 50,  # the same, of one address: a quarter, so that the others have their part
    "ACCEPT_BURST_PER_ADDRESS": 200,  # opened at once by one address
    "MAX_HTTP_PER_ADDRESS": 256,  # plain HTTP connections of one address; behind proxies its requests at one time
    "MAX_IDLE_HTTP": 2000,  # connections that wait for their next request; above it the oldest is closed
    "UNFINISHED_BODIES_BYTES": 16 * 1024 * 1024,  # of all requests that are not answered yet; the costliest are refused
    "UNREAD_ANSWER_BYTES": 256 * 1024,  # of one connection; above it the next request waits, and so does a stream
    "UNREAD_ANSWERS_BYTES": 16 * 1024 * 1024,  # of all connections; above it the costliest are cut off
    "UNREAD_SECONDS": 20.0,  # in which a client reads its answer, or at least 32 KiB of it
    "HEADER_SECONDS": 10.0,  # for a request's headers
    "BODY_SECONDS": 30.0,  # for its body
    "KEEP_ALIVE_SECONDS": 75.0,  # for the next request: above the time after which balancers let go, often 60
}


class _Conf:
    """Reads a setting each time it is asked for, so that tests can override it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(settings, "TIDEWIRE", {}).get(name, DEFAULTS[name])


conf = _Conf()
