"""Rows that something deleted unnoticed: a process without Tidewire, or SQL. The log still knows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import models, transaction

from tidewire.capture.rows import chunks, every
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.log.building import object_name
from tidewire.log.database import log_alias
from tidewire.log.tables import Event
from tidewire.transactions import changes, commit


def delete_lost(model: type[models.Model]) -> int:
    """Records the deletion of rows that have events in the log and are gone. Returns how many.

    The log names their streams. A row whose events have all left the log cannot be found.
    """
    using, lost = log_alias(), 0
    for live in registry.lives_of(model):
        if live.deleted:
            for chunk in chunks(_lost_rows(live, using)):
                streams = {row.pk: stream for row, stream in chunk}
                with transaction.atomic(using=using):
                    commit.note(using, changes.departures_of(live, [row for row, _ in chunk], streams=streams))
                lost += len(chunk)
    return lost


def _lost_rows(live: Live[Any], using: str) -> Iterator[tuple[models.Model, str]]:
    """Yields each row that is gone, of which its key is known, and the key of the stream that its last event is in."""
    prefix, kind = object_name(live.model, ""), f"{live.stream.kind.name}:"
    events = Event.objects.using(using).filter(object__startswith=prefix, stream__name__startswith=kind)
    last: dict[str, tuple[str, str]] = {}
    for name, stream, type in events.order_by("offset").values_list("object", "stream__name", "type").iterator():
        last[name.removeprefix(prefix)] = (stream.removeprefix(kind), type)
    told = {key: stream for key, (stream, type) in last.items() if type != live.deleted}
    key_field: Any = live.model._meta.pk
    for keys in chunks(told):
        wanted = {key_field.to_python(key): told[key] for key in keys}
        present = set(every(live.model, using).filter(pk__in=list(wanted)).values_list("pk", flat=True))
        for pk in wanted.keys() - present:
            row = live.model(pk=pk)
            if not live.stream.relation:
                setattr(row, live.stream.path, wanted[pk])
            yield row, wanted[pk]
