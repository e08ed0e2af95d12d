"""Whether the database has lost writes since the last visit, as after a restore or a failover, without `new_epochs`.

A position cannot tell two histories apart. So each visit leaves a file with the last events of the streams that were
written to last; the next one looks whether they are still there.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tidewire.diagnosis.doctor.finding import Findings, error, ok, warning
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream

STREAMS = 200


def look_at_history(file: Path | None) -> Findings:
    """Compares the log with the file of the last visit, and writes it anew when nothing is lost."""
    if file is None:
        return
    before = _read(file)
    lost = [name for name, seen in before.items() if _is_lost(name, **seen)]
    if lost and not _were_renewed(before):
        yield error(
            "epochs",
            f"{len(lost)} of {len(before)} streams have lost events since the last visit, such as {lost[0]}, and kept "
            "their epoch: clients go on with lists that are not true",
            "After a restore or a failover run `manage.py new_epochs`: docs/backup.md.",
        )
        return
    yield ok("epochs", f"nothing was lost of {len(before)} streams since the last visit")
    try:
        file.write_text(json.dumps(_present()))
    except OSError as failure:
        yield warning("epochs", f"cannot write {file}: {failure}", "Name another file with --state.")


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        return json.loads(file.read_text())
    except (OSError, ValueError):
        return {}


def _present() -> dict[str, dict[str, Any]]:
    rows = Stream.objects.using(log_alias()).filter(head__gt=0).order_by("-touched_at")[:STREAMS]
    seen = {stream.name: {"epoch": stream.epoch, "head": stream.head, "event": _event(stream)} for stream in rows}
    return {name: entry for name, entry in seen.items() if entry["event"]}


def _event(stream: Stream, offset: int | None = None) -> str:
    rows = Event.objects.using(log_alias()).filter(stream=stream, offset=offset or stream.head)
    return str(rows.values_list("pk", flat=True).first() or "")


def _is_lost(name: str, head: int, event: str, **_: str) -> bool:
    stream = Stream.objects.using(log_alias()).filter(name=name).first()
    return stream is None or stream.head < head or _event(stream, head) not in (event, "")  # "": pruned since


def _were_renewed(before: dict[str, dict[str, Any]]) -> bool:
    """Returns whether `new_epochs` was run since: it renews the epochs of all streams that there are."""
    rows = Stream.objects.using(log_alias()).filter(name__in=before).values_list("name", "epoch")
    return any(epoch != before[name]["epoch"] for name, epoch in rows)
