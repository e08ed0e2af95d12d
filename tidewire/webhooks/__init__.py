"""Webhooks: a reader of the log with a position per (endpoint, stream), which sends what it reads to other servers.

An endpoint gets the events of a stream in the order in which they were committed, each at least once, one request at a
time. A position moves on only after the receiver answered 2xx, so a worker that is killed loses nothing. Workers lease
positions, so any number of them run. The bodies are read from the log for each attempt, with the access of the
endpoint's owner checked again: what was erased meanwhile is not sent.

tables.py       WebhookEndpoint, WebhookSecret, WebhookPosition, WebhookDelivery
endpoints.py    what an application does with endpoints: make, change, rotate, ping, redeliver
secrets.py      makes secrets, and seals them for the database
notices.py      what an endpoint's owner must know: disabled, a stream that ended, events that are lost

addresses.py    which addresses are public
hosts.py        which hosts are accepted, by their text
urls.py         which URLs are accepted
resolver.py     host names to checked addresses, in bounded time
network.py      connections to those addresses, for httpcore
outcomes.py     a message on its way, and how an attempt went
messages.py     bodies, ids and signatures
sender.py       one attempt: a request, bounded in time and size, and its outcome
retries.py      when the next attempt is

leases.py       which positions are due, and the worker that has them
places.py       a leased position in memory: what it has sent, and where it goes on
reading.py      the next events of many positions, and whether their owners may read them
discovery.py    positions for streams that an endpoint for all streams did not have yet
requests.py     pings and redeliveries
attempts.py     stores how attempts went
turns.py        one round trip of a worker: outcomes in, requests out, in one transaction
lag.py          how far they are behind, as metrics
worker.py       the loop
erasure.py      stored answers of receivers are erased with what they answered
chores.py       old deliveries, and positions that ended
"""
