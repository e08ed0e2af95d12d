"""The event log, in the writer's transaction: synchronous code, on the database of the live models.

tables.py        Stream (one locked row that counts), Event, and the rows that wait for their stream's rate
building.py      notes → drafts: rows read again in bulk, serialised once
rate.py          delays drafts that come too fast, and releases them later
event_log.py     appends: locks the streams in sorted order, numbers the events, inserts them
erasure.py       turns the earlier events of what was deleted into its deletion
heads.py         where streams stand; pages.py reads events; database.py knows the alias and the clock
readings.py      a stream's position with clocks; replicas.py reads from a replica that has replayed it
commits.py       whether another connection has committed (SQLite)
retention.py     prunes, and gives streams new epochs; revocations.py notes and remembers ended sessions
"""
