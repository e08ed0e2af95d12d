"""Measures Tidewire beside a chat as tutorials build it, and beside a broadcaster in C that is the least possible cost.

__main__.py   `python -m bench`: which systems meet in which measurement
systems.py    the systems: how each is started, filled and spoken to
measures.py   the measurements
writers.py    writers over REST
report.py     tables and plots
growth.py     writes beside a large log
samples.py    samples of dashboards, by itself
restart.py    thousands of members who come back after a restart, beside an earlier revision
members.py    these members: connect, subscribe, recover, read
servers.py    the same application on each ASGI server and each Python
pieces.py     what each piece of the fast path brings
doors.py      open responses of server-sent events beside idle sockets, by itself
textbook/     the chat of the tutorials
tools/        the load client and the broadcaster, in C
"""
