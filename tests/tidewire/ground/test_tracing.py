"""Traces in one process. Two processes and a collector are in tests/tidewire/serve/test_traces_and_errors.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest

from tests.rig.site import ROOT, child_environment
from tests.tidewire.delivery.test_delivery_times import Queue
from tidewire.delivery.delivery_times import DeliveryTimes
from tidewire.delivery.flusher import Flusher
from tidewire.ground import tracing
from tidewire.ground.current_request import CurrentRequest
from tidewire.ground.positions import Entry
from tidewire.layer.messages import Events
from tidewire.layer.publisher import _span

ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TWO = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"


def trace_of(span) -> str:
    return f"{span.context.trace_id:032x}"


def test_nothing_is_loaded_and_nothing_is_made_while_tracing_is_off(tmp_path):
    assert tracing.span("one") is tracing.span("another")
    assert (tracing.context(), tracing.now_ns(), tracing.begin_of("dispatch", ONE, 1, {})) == ("", 0, None)
    code = "import django, sys; django.setup(); import backend.asgi; print('opentelemetry' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=child_environment(tmp_path), capture_output=True, text=True
    )
    assert done.stdout.splitlines()[-1] == "False", done.stderr


def test_the_context_is_that_of_the_innermost_span(spans):
    assert tracing.context() == ""
    with tracing.span("outer"):
        with tracing.span("inner", began_at_ns=time.time_ns() - 2_000_000_000):
            found = tracing.context()
    inner, outer = spans.get_finished_spans()
    assert found.rpartition("-")[0] == f"00-{trace_of(outer)}-{inner.context.span_id:016x}"
    assert int(found[-2:], 16) & 1  # sampled
    assert inner.parent.span_id == outer.context.span_id
    assert inner.end_time - inner.start_time >= 2_000_000_000


def test_a_message_of_several_transactions_belongs_to_one_trace_and_is_linked_to_the_others(spans):
    entries = [Entry(n, "", "t", "{}", trace=trace) for n, trace in enumerate([ONE, "", TWO, TWO, ONE], 1)]
    with _span(Events("room:1", "e", entries)):
        pass
    (span,) = spans.get_finished_spans()
    assert (span.name, trace_of(span), f"{span.parent.span_id:016x}") == ("publish", ONE[3:35], ONE[36:52])
    assert [f"{link.context.trace_id:032x}" for link in span.links] == [TWO[3:35]]
    assert dict(span.attributes) == {"stream.kind": "room", "events": 5}


async def test_an_event_that_was_healed_belongs_to_its_trace(spans):
    """It comes from the log, without the time of its COMMIT."""
    flusher = Flusher(asyncio.get_running_loop())
    flusher.add(Queue())
    began = tracing.now_ns()
    DeliveryTimes(flusher).note("room", Entry(7, "", "item.changed", "{}", trace=ONE), began, 3)
    assert [span.name for span in spans.get_finished_spans()] == ["dispatch"]
    await asyncio.sleep(0)
    dispatch, send = spans.get_finished_spans()
    assert (send.name, trace_of(send), send.parent.span_id) == ("send", ONE[3:35], dispatch.context.span_id)
    assert (dispatch.start_time, f"{dispatch.parent.span_id:016x}") == (began, ONE[36:52])
    assert dispatch.attributes["subscriptions"] == 3


async def test_an_event_without_a_context_makes_no_span(spans):
    flusher = Flusher(asyncio.get_running_loop())
    flusher.add(Queue())
    DeliveryTimes(flusher).note("room", Entry(7, "", "item.changed", "{}"), tracing.now_ns(), 3)
    await asyncio.sleep(0)
    assert spans.get_finished_spans() == ()


def test_a_span_names_the_type_of_an_error_and_nothing_that_it_says(spans):
    """Its text, and the traceback, may repeat what a person wrote: those are in the log, which hides it."""

    def fail():
        raise LookupError("what Alice wrote")

    request = CurrentRequest.of([])
    for block in (
        tracing.span("inner"),
        tracing.span_of("publish", [ONE], {}),
        tracing.request_span(request, "POST"),
    ):
        with pytest.raises(LookupError), block:
            fail()
    found = spans.get_finished_spans()
    assert [span.attributes["error.type"] for span in found] == ["LookupError"] * 3
    assert [span.status.status_code.name for span in found] == ["ERROR"] * 3
    assert [span.events for span in found] == [()] * 3
    assert "Alice" not in "".join(span.to_json() for span in found)
