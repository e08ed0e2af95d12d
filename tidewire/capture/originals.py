"""Django's own methods of a queryset, as they are before they are replaced: see patches.py."""

from django.db.models import QuerySet

update = QuerySet.update
bulk_create = QuerySet.bulk_create
delete = QuerySet.delete
raw_delete = QuerySet._raw_delete
