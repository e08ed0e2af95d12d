"""Centrifugo as the edge for sockets: a relay that copies the log to it, and the answers to what its nodes ask.

Clients keep their SDKs, tokens, stream names and positions, and may go from here to a node and back in the middle of a
stream. A node sends what the relay has copied; the relay ends on all nodes what must have ended, before it copies what
follows. docs/centrifugo.md says how to run it, and what is different there.

tables.py         EdgeSubscription, EdgePosition, EdgeMessage
broker.py         Centrifugo's own tables in our database: names, version, lock
broker_tables.py  their rows
nodes.py          the HTTP APIs of all nodes
settling.py       subscriptions that a node may just be making
revoking.py       the revocation log, carried out on the nodes
messages.py       ephemeral messages, on their way to the relay
message_writer.py those of this process's own sockets
relay.py          the loop: one transaction at a time
subscribing.py    whether a client may subscribe, and from when on a node can serve it
publishing.py     whether a client may publish an ephemeral message
proxy_views.py    what nodes ask over HTTP
configuration.py  the configuration of a node
erasure.py        what is stored of an account
chores.py         subscriptions of clients that are gone
"""
