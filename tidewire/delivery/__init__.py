"""The delivery side: from the channel layer and the event log to the send queue of each connection.

Everything here runs in one event loop and imports no database code: the engine hands it a `LogReader`, which asks the
database in threads. An event passes these modules in this order:

  hub.py               orders the events of each stream, heals gaps from the log, polls for what the layer lost
    revocation_log.py  the revocation log, which is always applied before the events that follow it
    stream_state.py    how far one stream was dispatched; subscriptions.py holds all of them
  subscription.py      one stream on one connection: passes events on, or skips them while its access is in doubt
  send_queue.py        the bounded queue of one connection; flusher.py flushes many queues in one callback

Beside that path: recovery.py answers subscribes, replay.py replays from the log until a subscription has reached the
hub, pages.py reads pages of the log once for a crowd, access_checks.py asks for access in batches, access_rechecks.py
asks again, bulks.py finds transactions that are too large to be pushed and departures.py ends the subscriptions to
them, presence.py knows which clients are subscribed, connections.py counts the connections of each user,
emulation.py takes in commands that come as requests of their own, log_reader.py says what the hub asks of the database,
tasks.py keeps the background tasks. roster.py, toggles.py and presence_stores.py belong to presence.
"""
