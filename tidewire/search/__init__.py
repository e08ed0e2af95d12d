"""Search in the texts of live models: what is searched, the index that the database keeps, queries, passages.

A declaration names the texts (`Live(..., searched=("text",))`). The database itself keeps the index, in the statement
that writes the row: PostgreSQL in a generated column, SQLite in an FTS5 table with triggers. So no way of writing can
pass it by. `manage.py migrate` makes the index.
"""
