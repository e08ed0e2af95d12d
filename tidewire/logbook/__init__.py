"""The logbook: what processes write down about themselves and their connections, for the people who run them.

It is not the event log. Each process writes what has changed once in LOGBOOK_SECONDS, in one statement of at most BATCH
rows, and no request and no event ever waits for it. What a killed process had not written is lost.

tables.py    the two tables
writing.py   a batch of states becomes rows; what is old is deleted
reading.py   the connections of all processes, now and then
"""
