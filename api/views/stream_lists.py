"""Which streams the caller may read, and where they stand: where a program begins that copies everything."""

from __future__ import annotations

from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.readable_streams import KINDS, readable_names
from api.rest.views import BaseViewSet
from api.serializers.streams import StreamPageSerializer
from tidewire.rest.parameters import number, single
from tidewire.snapshots import positions

MAX_STREAMS = 500
KIND = OpenApiParameter(
    "kind", {"type": "string", "enum": list(KINDS)}, description="Without it, streams of all kinds."
)
AFTER = OpenApiParameter("after", {"type": "string"}, description="The name of the last stream seen.")
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_STREAMS, "default": 100})


class StreamListViewSet(BaseViewSet):
    """A bound key reads the one stream that it is bound to, and needs no list."""

    resource = "streams"
    parameters = {"page": {"kind", "after", "limit"}}

    @extend_schema(
        operation_id="streams_list", parameters=[KIND, AFTER, LIMIT], responses=StreamPageSerializer, tags=["streams"]
    )
    def page(self, request: Request) -> Response:
        """The streams that you may read, with their positions, in the order of their names.

        A program that copies everything compares the positions with those that it has stored, and reads the log of each
        stream that has moved on.
        """
        kind = single(request, "kind")
        if kind not in (None, *KINDS):
            raise ValidationError({"kind": [f"Must be one of {', '.join(KINDS)}."]})
        after, limit = _after(request), number(request, "limit", 100, 1, MAX_STREAMS)
        names = readable_names(self.user, [kind] if kind else KINDS, after, limit + 1)
        found = positions(names[:limit])
        results = [found[name].as_json() for name in names[:limit]]
        return Response({"next": self._next(names, limit), "results": results})

    def _next(self, names: list[str], limit: int) -> str | None:
        if len(names) <= limit:
            return None
        return replace_query_param(self.request.build_absolute_uri(), "after", names[limit - 1])


def _after(request: Request) -> tuple[str, UUID] | None:
    text = single(request, "after")
    if text is None:
        return None
    kind, _, key = text.partition(":")
    try:
        return kind, UUID(key)
    except ValueError:
        raise ValidationError({"after": ["Must be the name of a stream, such as room:0197…"]}) from None
