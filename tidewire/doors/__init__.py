"""Doors over HTTP: the events that sockets are sent, for clients that cannot hold a WebSocket.

Every door is an ASGI application that answers one path, in the event loop: no thread and no database connection is held
while a response is open. It reads the log for the past and the hub for the present, under the same access checks as
sockets, and raises RefusalError where it answers no events; tidewire/http/door_router.py turns that into a problem.

  refusals.py       what a door refuses, and answers that are complete
  requests.py       one request: its parameters, its credential, its user
  open_body.py      the body of a response that stays open: its start, its client's leaving, its end
  open_response.py  such a response with server-sent events, one of its user's connections
    response_queue.py  its bounded send queue
  durable_log.py    Durable Streams, the read side: catch-up, HEAD, and the choice of the live modes
    log_offsets.py  offsets that sort, and cursors
    log_request.py  what a client asks, and its user
    log_reading.py  pages of one stream for a reader who may read it
    log_subscription.py  a subscription after an offset, for both live modes
    log_codec.py    events as this protocol writes them
    long_poll.py    `live=long-poll`
    log_events.py   `live=sse`
  event_source.py   several streams in one response, for `EventSource` and `curl -N`
    event_source_codec.py  events in this format
    position_vectors.py  positions in several streams as one text
  fallback.py       the protocol's connection over HTTP, for SDKs whose WebSocket is blocked
    emulation.py    the messages of its client, each of which is a request of its own
"""
