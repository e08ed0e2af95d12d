"""What the tests run on: throw-away database and Redis servers, and running Tidewires.

servers.py    PostgreSQL and Redis: named by the environment, from the PATH, or from wheels
guard.py      starts a command that dies with the test run
site.py       a Tidewire of one or more processes that can be killed and started again
rest.py       people who use its REST API
http_events.py  server-sent events, read as they arrive
verify.py     what `make verify` adds, and the figures it keeps
plugin.py     pytest's side: --database, --size, and what is left to `make verify`
"""
