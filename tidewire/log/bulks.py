"""Finds the events of one transaction in a stream, where they are very many.

All events that a transaction records have the same time. So those of one transaction are the neighbours that share it.
"""

from __future__ import annotations

from django.db.models import Count, Max

from tidewire.ground.positions import Bulk
from tidewire.log.replicas import at_head
from tidewire.log.tables import Event


def last_bulk(name: str, after: int, most: int, using: str | None = None) -> Bulk | None:
    """Returns the last transaction with more than `most` events of this stream after the offset `after`, or None.

    One query over the events after that offset, and another where there is one.
    """
    if using is None:
        return at_head(name, lambda head, using: last_bulk(name, after, most, using))
    events = Event.objects.using(using).filter(stream__name=name, offset__gt=after).order_by()
    groups = events.values("at").annotate(count=Count("pk"), last=Max("offset")).filter(count__gt=most)
    found = groups.order_by("-last").values_list("count", "last").first()
    if found is None:
        return None
    count, last = found
    before = events.filter(offset__lte=last).values_list("ends_access").annotate(Max("revocation_offset"))
    ended = dict(before)
    return Bulk(last - count + 1, last, frozenset(filter(None, ended)), max(ended.values()))
