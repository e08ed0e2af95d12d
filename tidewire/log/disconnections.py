"""Closing a user's connections on all processes, by an entry of the revocation log, which every hub follows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import DEFAULT_DB_ALIAS

from tidewire.ground.actors import Actor, current_actor
from tidewire.ground.disconnections import Disconnection
from tidewire.transactions.commit import note
from tidewire.transactions.notes import Note


@dataclass(frozen=True, slots=True)
class DisconnectionNote(Note):
    """Connections to close."""

    disconnection: Disconnection
    actor: Actor


def disconnect(
    user_id: str, connection_ids: Iterable[str] = (), *, is_final: bool = False, using: str = DEFAULT_DB_ALIAS
) -> None:
    """Closes connections of a user on all processes: these, or all of them. Their sessions go on.

    Each process closes them within its poll interval, mostly at once. A process that does not follow the log at that
    moment, because it cannot read it, closes none; it has suspended delivery then.
    """
    note(using, [DisconnectionNote(Disconnection(str(user_id), tuple(connection_ids), is_final), current_actor())])
