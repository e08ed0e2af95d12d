"""What an application does inside its transactions, as a type checker sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self, assert_type
from uuid import UUID

from tests.typing.models import Message, Room
from tidewire import Actor, PreCommitStep, acting_as, current_actor, note, revoke_sessions
from tidewire.credentials import is_alive
from tidewire.snapshots import Position, Written, position, recorded_events, written_positions


@dataclass(frozen=True, slots=True)
class Counting(PreCommitStep):
    room_id: UUID

    @classmethod
    def run(cls, steps: list[Self], using: str) -> None:
        assert_type(steps[0].room_id, UUID)
        Room.objects.using(using).filter(pk__in=[step.room_id for step in steps]).update(name="")


def a_step_is_noted(message: Message) -> None:
    note("default", [Counting(message.room_id)])
    note("default", [message])  # pyright: ignore[reportArgumentType]  a row is no note


def an_actor_is_set() -> None:
    with acting_as(Actor("user", "0197")):
        assert_type(current_actor(), Actor)


def sessions_are_revoked() -> None:
    revoke_sessions("0197", ["0198"])
    assert_type(is_alive("0198", 0.0), bool | None)


def a_write_answers_with_its_positions(message: Message) -> None:
    with recorded_events() as events:
        message.save()
    assert_type(written_positions(events), list[Position])
    assert_type(position("room:0197"), Position)
    Written(message, otherwise=lambda: None).state(events)
