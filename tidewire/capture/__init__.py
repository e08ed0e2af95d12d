"""Every way of writing a live row through the ORM becomes a note in the writer's transaction.

models.py        LiveModel and VersionField
receivers.py     save, delete and many-to-many changes, by Django's signals
querysets.py     update, bulk_create, bulk_update and queryset deletes, which send no signals
facts.py         what the application says happened
snapshots.py     REST answers with their stream's position
"""
