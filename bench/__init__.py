"""Measures Tidewire beside a chat as tutorials build it, and beside a broadcaster in C that is the least possible cost.

__main__.py   `python -m bench`: which systems meet in which measurement
systems.py    the systems: how each is started, filled and spoken to
measures.py   the measurements
writers.py    writers over REST
report.py     tables and plots
growth.py     writes beside a large log
pruning.py    writes while nine of ten million events are deleted, by itself
reads.py      lists and details, beside the textbook app and PocketBase
pocketbase.py this program, filled with the same rows
databases.py  throw-away databases for the next two
samples.py    samples of dashboards, by itself
search.py     searches among a million messages, and what the index costs a write, by itself
webhooks.py   from COMMIT to the receiver, a dead receiver, and events for a worker's second, by itself
processes.py  the poll and the layer at a thousand processes: measured constants, then a model
restart.py    thousands of members who come back after a restart, beside an earlier revision
members.py    these members: connect, subscribe, recover, read
servers.py    the same application on each ASGI server and each Python
pieces.py     what each piece of the fast path brings
doors.py      open responses of server-sent events beside idle sockets, by itself
textbook/     the chat of the tutorials
tools/        the load client and the broadcaster, in C
"""
