"""Every way of writing a live row through the ORM becomes a note in the writer's transaction.

capturing.py     which models are captured; called once, when the apps are loaded
patches.py       the one place that changes Django: QuerySet, and `save_base` and `delete` of the captured models
originals.py     Django's own methods
bulk.py          update, bulk_create and queryset deletes, which send no signals
receivers.py     save, delete and many-to-many changes, by Django's signals
before.py        what must be known of rows before they are written
noting.py        what is noted about a write
relatives.py     the tables of multi-table inheritance
relations.py     the tables of many-to-many relations
rows.py          rows by their keys, whatever managers hide
versions.py      VersionField
models.py, querysets.py   LiveModel and LiveQuerySet, conveniences
touching.py, lost_rows.py   for writes that were not noticed
raw_writes.py    warnings about SQL that is not noted
facts.py         what the application says happened
snapshots.py     REST answers with their stream's position
"""
