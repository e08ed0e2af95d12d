"""The context of a trace stands beside the event in the log, and goes when the event is erased."""

from __future__ import annotations

import pytest
from django.db import transaction

from api.models import Message
from tests.factories import make_room, make_user
from tidewire.ground import tracing
from tidewire.log.pages import read_after
from tidewire.models import Event

pytestmark = pytest.mark.django_db(transaction=True)


def traces(stream: str) -> list[str]:
    return list(Event.objects.filter(stream__name=stream).order_by("offset").values_list("trace", flat=True))


def test_each_event_has_the_context_of_its_recording(spans):
    alice = make_user("Alice")
    spans.clear()
    with tracing.span("request"):
        room = make_room(alice)
    stream = f"room:{room.pk}"
    record, made, request = spans.get_finished_spans()[-3:]
    assert [record.name, made.name, request.name] == ["record", "transaction", "request"]
    assert (record.parent.span_id, made.parent.span_id) == (made.context.span_id, request.context.span_id)
    wanted = f"00-{request.context.trace_id:032x}-{record.context.span_id:016x}-"
    assert {trace[:-2] for trace in traces(stream)} == {wanted}
    assert [entry.trace for entry in read_after(stream, 0).entries] == traces(stream)


def test_the_transaction_begins_with_its_own_first_write(spans):
    """Not with that of a transaction before it on the same connection, which was rolled back."""
    alice = make_user("Alice")
    with transaction.atomic():
        make_room(alice)
        transaction.set_rollback(True)
    between = tracing.now_ns()
    spans.clear()
    make_room(alice)
    begun = [span.start_time for span in spans.get_finished_spans() if span.name == "transaction"]
    assert begun
    assert min(begun) > between


def test_an_erased_event_has_no_trace(spans):
    alice = make_user("Alice")
    room = make_room(alice)
    message = Message.objects.create(room=room, author=alice, text="hello")
    stream = f"room:{room.pk}"
    created = Event.objects.get(stream__name=stream, object=f"api.message:{message.pk}")
    assert created.trace
    room.messages.all().soft_delete()
    created.refresh_from_db()
    assert (created.type, created.trace) == ("message.deleted", "")


def test_nothing_is_stored_while_tracing_is_off():
    room = make_room(make_user("Alice"))
    assert set(traces(f"room:{room.pk}")) == {""}
