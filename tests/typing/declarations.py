"""Declarations as a type checker sees them: each knows its model, and a fact knows its value."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, assert_type
from uuid import UUID

from rest_framework import serializers

from tests.typing.models import Message, MessageQuerySet, Room
from tidewire import EVERYONE, Fact, Live, Rate, Retention, StreamKind, Touch, record_fact, register, updates_named
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.testing import record_now


def readable_rooms(user_id: str, keys: Collection[str]) -> set[str]:
    return set(keys)


rooms = StreamKind(
    "room",
    may_subscribe=readable_rooms,
    ephemeral=frozenset({"typing"}),
    has_presence=True,
    retention=Retention(events=100),
    rate=Rate(events=10, seconds=0.5),
)


class MessageSerializer(serializers.Serializer[Message]):
    id = serializers.UUIDField()
    text = serializers.CharField()


class RoomSerializer(serializers.Serializer[Room]):
    id = serializers.UUIDField()
    name = serializers.CharField()


@dataclass
class Reading:
    metric: UUID
    value: float


class ReadingSerializer(serializers.Serializer[Reading]):
    metric = serializers.UUIDField()
    value = serializers.FloatField()


def message_key(message: Message) -> dict[str, Any]:
    return {"id": str(message.id), "room": str(message.room_id)}


# -- live models -----------------------------------------------------------------------------------------------------


def a_declaration_knows_its_model() -> None:
    live = Live(
        Message,
        stream=rooms.of("room_id"),
        serializer=MessageSerializer,
        queryset=lambda: assert_type(Message.objects.kept(), MessageQuerySet),
        created="message.created",
        updated="message.edited",
        deleted="message.deleted",
        key=message_key,
        is_deleted=lambda message: assert_type(message, Message).deleted_at is not None,
        ends_access=lambda type, message: EVERYONE if assert_type(message, Message).text else assert_type(type, str),
        complete_new=lambda message: setattr(assert_type(message, Message), "text", ""),
        is_rate_limited=True,
    )
    assert_type(live, Live[Message])
    assert_type(live.model, type[Message])
    assert_type(live.rows([1], using="default"), list[Message])
    register(live, Touch(Message, parent="room"))


def the_model_can_be_named() -> None:
    live = Live[Room](Room, stream=rooms.of("id"), serializer=RoomSerializer)
    assert_type(live, Live[Room])


def a_serializer_of_another_model_is_refused() -> None:
    Live(
        Message,
        stream=rooms.of("room_id"),
        serializer=RoomSerializer,  # pyright: ignore[reportArgumentType]  it serialises rooms
    )


def a_callback_for_another_model_is_refused() -> None:
    Live(
        Room,
        stream=rooms.of("id"),
        serializer=RoomSerializer,
        key=message_key,  # pyright: ignore[reportArgumentType]  it takes a message
    )


def a_model_that_is_no_model_is_refused() -> None:
    Touch(Reading, parent="metric")  # pyright: ignore[reportArgumentType]  a dataclass has no rows


# -- streams ---------------------------------------------------------------------------------------------------------


def a_stream_kind_names_streams() -> None:
    assert_type(rooms("0197"), str)
    assert_type(rooms(UUID(int=1)), str)


def a_rule_with_other_parameters_is_refused() -> None:
    StreamKind("room", may_subscribe=message_key)  # pyright: ignore[reportArgumentType]  it takes a message


# -- facts and intents -----------------------------------------------------------------------------------------------

measured = Fact("metric.measured", kind=rooms, serializer=ReadingSerializer)


def a_fact_knows_what_it_records(reading: Reading, message: Message) -> None:
    assert_type(measured, Fact[Reading])
    record_fact(measured, "0197", reading)
    record_fact(measured, UUID(int=1), reading, about=message)


def another_value_is_refused(message: Message) -> None:
    record_fact(measured, "0197", message)  # pyright: ignore[reportArgumentType]  a message is no reading


def an_update_has_a_name() -> None:
    with updates_named(Message, "message.pinned"):
        Message.objects.update(text="")


# -- tests of an application -----------------------------------------------------------------------------------------


def events_are_recorded_in_a_test() -> None:
    (event,) = record_now()
    assert_type(event, RecordedEvent)
    assert_type(event.offset, int)
