"""A run of the whole thing under faults, and a verdict.

`make soak SEED=1 DURATION=60` starts real servers, lets people write and devices listen, breaks what can break, heals
everything, and then compares what everybody saw with what the log holds.

plan.py       the seed decides: faults, devices' habits, writers' draws; written down before the start
stage.py      where it happens: database, Redis, workers, and the wires between them
proxy.py      a wire that can be cut, held and slowed
people.py     who writes and who listens, and their tokens
devices.py    public SDKs that come and go, and keep a copy of what they read
writers.py    REST writers, and one that adds and removes members
bulk.py       a writer that is no server: the ORM's bulk paths, in a process of its own
nemesis.py    the faults
history.py    what was done and what was seen
checkers.py   what must hold, as functions of a history
mutants.py    histories in which a promise is broken, for the checkers' own tests
verdict.py    JSON, one page of text; picture.py draws faults against latency
"""
