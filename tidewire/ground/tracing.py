"""Traces, by OpenTelemetry: off by default, and then each call here is one comparison.

One trace leads from a request to the sockets: request → transaction → record → publish → dispatch → send. The first
three follow each other in one process. The others may be in other processes and minutes later, so the context rides
with the event: `context()` is taken when it is recorded, stands beside the event in the log and in the messages of the
channel layer, and never goes to a client. It is a W3C traceparent: random numbers, which name nothing but the trace.

`start` uses the tracer provider that the project has set up (backend/tracing.py does), as OpenTelemetry's API finds it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from tidewire.ground.current_request import CurrentRequest

Attributes = dict[str, str | int | float | bool]

_OFF = nullcontext()


@dataclass(frozen=True, slots=True)
class _Tracing:
    """The parts of OpenTelemetry's API, which is an optional package, that are used here."""

    tracer: Any
    trace: Any
    propagator: Any

    def parent(self, traceparent: str) -> Any:
        """Returns OpenTelemetry's context with this span as the parent; the present context for ""."""
        return self.propagator.extract({"traceparent": traceparent}) if traceparent else None

    @contextmanager
    def current(self, name: str, **options: Any) -> Generator[Any]:
        """A span around a block. The type of an error of the block is noted, and not its text: that may repeat what a
        person wrote, and the log, which has it, hides that."""
        with self.tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False, **options
        ) as present:
            try:
                yield present
            except Exception as error:
                present.set_attribute("error.type", type(error).__qualname__)
                present.set_status(self.trace.StatusCode.ERROR)
                raise


_tracing: _Tracing | None = None


def start(provider: Any = None) -> None:
    """Turns tracing on in this process. Raises ImportError without `tidewire[otel]`."""
    from opentelemetry import trace  # an optional package
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    global _tracing
    _tracing = _Tracing(trace.get_tracer("tidewire", tracer_provider=provider), trace, TraceContextTextMapPropagator())


def stop() -> None:
    """Turns tracing off."""
    global _tracing
    _tracing = None


def is_on() -> bool:
    return _tracing is not None


# -- spans of the present context --------------------------------------------------------------------------------------


def span(name: str, began_at_ns: int = 0) -> AbstractContextManager[Any]:
    """Returns a span around a block, under the span of the present context. `began_at_ns` is an earlier beginning, as
    Unix time. The type of an error of the block is noted in the span."""
    if _tracing is None:
        return _OFF
    return _tracing.current(name, start_time=began_at_ns or None)


def now_ns() -> int:
    """Returns the Unix time in nanoseconds, for `began_at_ns`; 0 while tracing is off."""
    return 0 if _tracing is None else time.time_ns()


def context() -> str:
    """Returns the traceparent of the present span; "" without one, and for a trace that is not sampled."""
    if _tracing is None:
        return ""
    present = _tracing.trace.get_current_span().get_span_context()
    if not (present.is_valid and present.trace_flags.sampled):
        return ""
    return f"00-{present.trace_id:032x}-{present.span_id:016x}-{int(present.trace_flags):02x}"


@contextmanager
def request_span(request: CurrentRequest, method: str) -> Generator[Any]:
    """A server's span around a request, under the span of its traceparent. Gives the request its trace id."""
    if _tracing is None:
        yield None
        return
    kind = _tracing.trace.SpanKind.SERVER
    attributes: Attributes = {"http.request.method": method, "tidewire.request_id": request.id}
    with _tracing.current(
        method, context=_tracing.parent(request.traceparent) or _no_parent(), kind=kind, attributes=attributes
    ) as present:
        found = present.get_span_context()
        if found.is_valid:
            request.trace_id = f"{found.trace_id:032x}"
        yield present


def _no_parent() -> Any:
    from opentelemetry.context import Context  # an optional package

    return Context()


def name_request(present: Any, method: str, route: str, status: int) -> None:
    """Names the span of a request, once its route and its status are known."""
    if present is not None:
        present.update_name(f"{method} {route}".strip())
        present.set_attributes({"http.route": route, "http.response.status_code": status})
        if status >= 500 and _tracing is not None:
            present.set_status(_tracing.trace.StatusCode.ERROR)


# -- spans of an event's context ---------------------------------------------------------------------------------------


@contextmanager
def span_of(name: str, traces: Sequence[str], attributes: Attributes) -> Generator[None]:
    """A span around a block, under the first of these contexts and linked to the others. "" are left out."""
    found = [trace for trace in traces if trace] if _tracing is not None else []
    if _tracing is None or not found:
        yield
        return
    others = [_tracing.parent(trace) for trace in dict.fromkeys(found[1:]) if trace != found[0]]
    links = [
        _tracing.trace.Link(_tracing.trace.get_current_span(other).get_span_context()) for other in others[:MAX_LINKS]
    ]
    with _tracing.current(name, context=_tracing.parent(found[0]), attributes=attributes, links=links):
        yield


MAX_LINKS = 20


def begin_of(name: str, trace: str, began_at_ns: int, attributes: Attributes) -> Any:
    """Returns a begun span under this context, which `end` ends; None where there is nothing to trace."""
    if _tracing is None or not trace:
        return None
    return _tracing.tracer.start_span(
        name, context=_tracing.parent(trace), start_time=began_at_ns, attributes=attributes
    )


def begin_under(name: str, parent: Any) -> Any:
    """Returns a begun span under a span that `begin_of` has returned."""
    if _tracing is None or parent is None:
        return None
    return _tracing.tracer.start_span(name, context=_tracing.trace.set_span_in_context(parent))


def end(*spans: Any) -> None:
    """Ends spans. None are left out."""
    for each in spans:
        if each is not None:
            each.end()
