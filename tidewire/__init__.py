"""Tidewire's engine: from a committed change to bytes at a client. It knows no product.

    from tidewire import Live, StreamKind, register

These are the names that an application declares with and calls. `tidewire.models` has those that need loaded models
(`LiveModel`, `LiveQuerySet`, `VersionField`). The packages inside are ordered. Each imports only from those that come
before it in this list:

    ground          settings, ids, stream names, positions, actors, credentials, token bucket, threads, timers, metrics
    protocol        the Centrifuge protocol: codes, messages, the JSON and the Protobuf codec; no I/O
    queries         the fast path to the database, behind one switch
    declare         Live, Touch, Fact, StreamKind, and the registry of them
    transactions    what is noted in a transaction, and the hook that records it just before COMMIT
    jobs            work that a transaction leaves for later, done in slices
    log             the event log: its tables, building events, append, read, rate, erasure, retention, revocations
    layer           the channel layer: publisher, mailbox, group membership
    capture         every write path of the ORM becomes a note; facts; snapshots for REST
    search          what is searched, the index that the database keeps, queries, passages
    rest            the habits of REST views: versions, pages, retries, problems
    delivery        hub, subscriptions, send queues, recovery, access checks, presence; asyncio, no ORM
    engine          one object per event loop that owns the delivery side, and reads the log for it in threads
    webhooks        sends the log to other servers, with a position per endpoint and stream
    connection      one socket: consumer, protocol state, commands, receive queue
    http            ASGI wrappers for any server: addresses, bodies, limits, health
    mqtt            samples in and events out, beside a broker of MQTT
    serve           `manage.py serve`
    asyncapi        the AsyncAPI document and its pages
    checks, testing start-up checks; tests of live models
"""

from tidewire.capture.facts import record as record_fact
from tidewire.capture.touching import touch
from tidewire.declare.intents import updates_named
from tidewire.declare.kinds import Rate, Retention, StreamKind
from tidewire.declare.live import EVERYONE, Fact, Live, Touch
from tidewire.declare.registry import Registry, register, registry
from tidewire.declare.topics import Topic
from tidewire.ground.actors import SYSTEM, Actor, acting_as, current_actor, set_actor
from tidewire.ground.current_request import current_request
from tidewire.ground.ids import uuid7
from tidewire.ground.streams import parse as parse_stream
from tidewire.jobs.chores import chore
from tidewire.jobs.slices import is_pending as is_job_pending
from tidewire.jobs.slices import job, start_job
from tidewire.log.revocations import revoke_sessions
from tidewire.protocol import strict_json
from tidewire.queries.errors import Fault, fault_of, is_retryable
from tidewire.queries.prepared_query import PreparedQuery
from tidewire.queries.prepared_rows import PreparedRows
from tidewire.queries.prepared_statement import PreparedStatement
from tidewire.queries.related_rows import RelatedRows
from tidewire.queries.round_trips import deferred_inserts
from tidewire.transactions.commit import note
from tidewire.transactions.pre_commit import PreCommitStep
from tidewire.transactions.writes import retried, write_transaction

__all__ = [
    "EVERYONE",
    "SYSTEM",
    "Actor",
    "Fact",
    "Fault",
    "Live",
    "PreCommitStep",
    "PreparedQuery",
    "PreparedRows",
    "PreparedStatement",
    "Rate",
    "Registry",
    "RelatedRows",
    "Retention",
    "StreamKind",
    "Topic",
    "Touch",
    "acting_as",
    "chore",
    "current_actor",
    "current_request",
    "deferred_inserts",
    "fault_of",
    "is_job_pending",
    "is_retryable",
    "job",
    "note",
    "parse_stream",
    "record_fact",
    "register",
    "registry",
    "retried",
    "revoke_sessions",
    "set_actor",
    "start_job",
    "strict_json",
    "touch",
    "updates_named",
    "uuid7",
    "write_transaction",
]
