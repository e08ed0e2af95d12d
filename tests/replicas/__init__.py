"""Reads with positions beside writers, with a real replica that is held behind: `python -m tests.replicas`.

truth.py      what was answered so far, and what contradicted it
world.py      rooms, people, and what the writers do
feeding.py    one round of the feed
reading.py    the reads, and how each is judged
blind/        an app that lets servers read from the replica without a look at what it has replayed
__main__.py   servers, threads, and the verdict
"""
