"""Webhooks under faults: a receiver that fails, workers that are killed, a database that is restarted; and what the
receiver got, compared with the log.

    python -m tests.webhooks --size grown --endpoints 50 --events 100000 --workers 4

receiver.py   the receiver, a program of its own
writer.py     what runs inside `manage.py shell`: people, rooms, endpoints, messages
run.py        starts, kills and restarts all of them
verdict.py    lost, out of order, repeated under another id, after the access ended
"""
