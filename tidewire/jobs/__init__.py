"""Work that a transaction leaves for later, because it grows with the data: it is done in slices, by any process. And
chores, which are done again and again so that no table grows for ever.

tables.py    Job, one row for each kind of work and subject, with the place that was reached; Chore
chores.py    declares chores, and does those that are due
measures.py  declares figures of the database, and reads them for the metrics
slices.py    declares kinds, starts jobs, and does one slice of one job in one transaction
"""
