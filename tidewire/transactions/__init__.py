"""What a transaction has to record, and the hook that records it just before COMMIT. It knows no log: one registers.

notes.py         what may be noted; changes.py: a changed row, and how several changes of one row fold into one
pre_commit.py    an application's own last writes
commit.py        `note`, and the wrapper of one transaction's COMMIT
writes.py        the transaction of a request, and running it again
"""
