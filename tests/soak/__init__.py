"""Runs the whole system under faults and judges what happened.

`make soak SEED=1 DURATION=60` starts real servers, writers and devices (clients), breaks what can break, repairs
everything, and then compares what every device received with the event log.

plan.py       what a seed decides: faults, devices' actions, writers' draws; written to a file before the start
stage.py      the servers: database, Redis, workers, and the proxies between them
proxy.py      a TCP proxy that can be cut, held and slowed
people.py     the accounts of writers and devices, and their tokens
devices.py    public SDKs and programs that come and go, and keep a copy of what they read
log_agents.py  programs that follow the log by Durable Streams: long polls, server-sent events
writers.py    REST writers; one of them adds and removes members
bulk.py       a writer in a process of its own, through the ORM's bulk paths; bulk_process.py starts and kills it
redis_forger.py  one of them: a forger on the channel layer
nemesis.py    the faults; failpoints/ those inside a process
crowd.py      thousands of sockets in one thread; stalled.py one that reads nothing
history.py    what was done and what was received
reading.py    the event log, read from the database at the end
checkers.py   what must hold, as functions of a history
mutants.py    histories in which a promise is broken, for the checkers' own tests
measures.py   figures of a history
verdict.py    the result as JSON and as one page of text; picture.py draws faults against latency
"""
