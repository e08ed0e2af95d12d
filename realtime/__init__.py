"""The engine: from a committed change to bytes on a socket. It knows no product.

An event travels through these modules in this order.

declare: what an application may say about a live model
    live            Live(...), Touch(...), Fact(...): the public face, and the registry behind it
    streams         stream names: build, parse, and the group name of each
    intents         why a row is changed, where "updated" says too little
    compiled        a query that every write asks, compiled once
    actors          who is acting: set where a credential is checked

write side: synchronous, inside the transaction
    receivers       Django's signals -> noted changes; translation, no decisions
    querysets       the bulk paths that send no signal -> the same noted changes
    changes         one noted change, and how many notes of one object fold into one
    facts           what the application says happened, noted like a change
    control         what ends everywhere at once, noted like a change
    endings         what has ended, as far as this process knows: for tokens that are checked without a query
    last_steps      an application's last writes, just before its events are recorded
    transactions    wraps COMMIT: record first, commit, then hand over to the publisher
    events          the typed event and how it is built from re-read rows
    pacing          what comes too fast is held, folded, and told in its turn
    models          LiveModel; Stream (name, epoch, head), Event (a row of the log)
    event_log       record, position, read_after, touched
    erasure         what was deleted leaves the log too
    retention       how long the log keeps events; new epochs after a restore
    publisher       after commit: one small message to the channel layer

delivery side: asyncio, no ORM
    positions       a place in a stream, and a page of events
    mailbox         the process's one mailbox on the channel layer, and whether it hears
    membership      keeps the mailbox in the groups of the streams that are watched
    hub             one per process: orders, heals, fans out, encodes once
    watched         one stream of the hub: how far it was dispatched, and to whom
    control_log     how far this process has applied what ended everywhere
    sessions        the sockets by session, and the sessions that have ended
    subscription    one stream on one connection: position, and the gate while it recovers
    connection      what a connection may do next: commands in, replies out, no socket
    commands        the answers to commands, a function each
    inbox, outbox   bounded queues of one connection; offering never waits
    wheel           one timer for all connections
    frames          typed frames, and the seam between encodings
    json_codec, protobuf_codec, codecs      the two encodings, and which one a socket speaks
    framing         finished WebSocket frames, for servers that take them
    codes           errors, unsubscribes, disconnects; who should come back
    connections, limits, presence           who is connected, how often they may, who sees whom

edge: where the sides meet
    tokens          the credential of a socket and when it ends
    access          asks the declaration: may this user subscribe
    threads         a few long-lived threads, each with a connection that it keeps
    reader          the log and the access rules, read from such threads
    doorman         asks about all who wait at the same time
    recovery        register, note the head, replay up to it, open the gate
    fences          access in doubt: ask again, then go on or end
    rpc             calls on the socket
    snapshots       REST answers that carry their stream's position
    consumers       one socket: bytes to connection, outbox to bytes
    services        what connections share
    engine          one per event loop: starts the hub and the publisher
    metrics         what happened, counted by kind and code
    server          `manage.py serve`: daphne with drain, caps and finished frames
    conf, routing, urls, views, checks, testing

describe: what the socket says and takes, for people and for tools
    asyncapi        the AsyncAPI document, from the declarations, the frames' types and the codes
    wire_schemas    the frames as JSON schemas with examples
    examples, schema_rows, docs     an example for a schema, a schema as a table, the pages
"""
