"""The media type of the API: JSON in both directions, and no other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from tidewire.protocol import strict_json
from tidewire.rest.errors import PayloadTooLarge


class StrictJSONParser(BaseParser):
    """Refuses what JSON libraries read differently: NaN, duplicate keys, lone surrogates, very deep nesting."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Mapping[str, Any] | None = None) -> Any:
        max_bytes = settings.DATA_UPLOAD_MAX_MEMORY_SIZE  # the largest of all paths, where no server counts
        raw = stream.read(max_bytes + 1)
        if len(raw) > max_bytes:
            raise PayloadTooLarge()
        try:
            return strict_json.decode(raw)
        except strict_json.JSONRangeError as error:
            raise ParseError(f"The body holds {error}.") from None
        except strict_json.JSONError as error:
            raise ParseError(f"The body is not valid JSON: {error}") from None


class QuickJSONRenderer(JSONRenderer):
    """Writes JSON several times as fast as DRF's renderer, which writes the few types that msgspec does not know."""

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        if data is None:
            return b""
        if isinstance(data, bytes):  # encoded already
            return data
        try:
            return msgspec.json.encode(data)
        except (TypeError, ValueError, OverflowError):
            return super().render(data, accepted_media_type, renderer_context)


class OneRenderer(BaseContentNegotiation):
    """Answers JSON whatever the Accept header says: a 406 would help no client."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        content_type = request.content_type.split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == content_type), None)

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
