"""Sends traces to a collector, by OpenTelemetry's SDK and its own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT."""

from __future__ import annotations

import os

from django.core.exceptions import ImproperlyConfigured


def start() -> None:
    """Sets up the tracer provider of the process, which sends its last spans when the process ends.

    Raises ImproperlyConfigured without the packages.
    """
    try:
        from opentelemetry import trace  # optional, as all packages here
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise ImproperlyConfigured("TRACING needs the packages of requirements/observability.txt") from error
    os.environ.setdefault("OTEL_SERVICE_NAME", "tidewire")
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
