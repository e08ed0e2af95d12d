"""The fast path to the database, behind one switch: TIDEWIRE["PREPARED_QUERIES"]. Off, it is plain Django.

Everything that bends the ORM or the driver lies here. Applications see `tidewire.PreparedQuery`; `errors.py` says what
an error of the database means.
"""
