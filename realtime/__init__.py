"""The engine: from a committed change to bytes on a socket. It knows no product.

An event travels through these modules in this order.

declare: what an application may say about a live model
    live            Live(...), Touch(...): the public face, and the registry behind it
    streams         stream names: build, parse, and the group name of each
    actors          who is acting: set where a credential is checked

write side: synchronous, inside the transaction
    receivers       Django's signals -> noted changes; translation, no decisions
    querysets       the bulk paths that send no signal -> the same noted changes
    changes         one noted change, and how many notes of one object fold into one
    transactions    wraps COMMIT: record first, commit, then hand over to the publisher
    events          the typed event and how it is built from re-read rows
    models          LiveModel; Stream (name, epoch, head), Event (a row of the log)
    event_log       record, position, read_after, touched
    publisher       after commit: one small message to the channel layer

delivery side: asyncio, no ORM
    positions       a place in a stream, and a page of events
    hub             one per process: orders, heals, fans out, encodes once
    membership      keeps the hub's mailbox in the groups of its streams
    outbox          bounded queue of one connection; offer never waits
    subscription    one stream on one connection: position, and the gate while it recovers
    connection      what a connection may do next: commands in, replies out, no socket
    frames          typed frames and the codec
    codes           errors, unsubscribes, disconnects; who should come back

edge: where the sides meet
    tokens          the credential of a socket and when it ends
    access          asks the declaration: may this user subscribe
    reader          the log and the access rules, read from a database thread
    recovery        register, note the head, replay up to it, open the gate
    snapshots       REST answers that carry their stream's position
    consumers       one socket: bytes to connection, outbox to bytes
    engine          one per event loop: starts the hub and the publisher
    routing, urls, views, checks

describe: what the socket says and takes, for people and for tools
    asyncapi        the AsyncAPI document, from the declarations, the frames' types and the codes
    wire_schemas    the frames as JSON schemas with examples
    examples, schema_rows, docs     an example for a schema, a schema as a table, the page
"""
