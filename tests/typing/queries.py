"""Queries and transactions of an application, as a type checker sees them."""

from __future__ import annotations

from typing import assert_type
from uuid import UUID

from django.db.models import QuerySet

from tests.typing.models import Message
from tidewire import PreparedQuery, deferred_inserts, is_retryable, retried, write_transaction


def newest(room_id: UUID, limit: int) -> QuerySet[Message]:
    return Message.objects.filter(room=room_id).order_by("-pk")[:limit]


NEWEST = PreparedQuery(newest)
ANY: PreparedQuery[Message, ...] = NEWEST


def a_query_knows_its_model_and_its_parameters(room_id: UUID) -> None:
    assert_type(NEWEST.all("default", room_id, limit=50), list[Message])
    assert_type(NEWEST.first("default", room_id, 1), Message | None)
    NEWEST.all("default", room_id)  # pyright: ignore[reportCallIssue]  the limit is missing
    NEWEST.all("default", room_id, "1")  # pyright: ignore[reportArgumentType]  a limit is a number


def a_transaction_is_run_again(room_id: UUID) -> None:
    def write() -> Message:
        with write_transaction(), deferred_inserts():
            return Message.objects.create(room_id=room_id)

    assert_type(retried(write), Message)
    assert_type(is_retryable(ValueError()), bool)
