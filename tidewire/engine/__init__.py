"""The engine of one event loop: it owns the delivery side, and reads the database for it.

engine.py        Engine: constructs the parts in order, starts and stops their tasks
engines.py       the engine of the running loop, made from Django's settings
reader.py        Reader: event log and access rules, read in database threads
commits.py       looks for what other processes write, on SQLite and memory
access.py        asks the declarations who may read which stream
chores.py        the engine's own chores: old events, answers and releases
housekeeping.py  does chores, measures the database, releases delayed events, does jobs in slices
first_counts.py  lets counters begin at 0
gauges.py        sets the gauges of the metrics
"""
