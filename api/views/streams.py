"""Positions of streams, and their events, for clients without a list or without a socket."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from api.auth.tokens import make_events_token
from api.permissions import may_subscribe
from api.rest.views import BaseViewSet
from api.serializers.streams import EventPageSerializer, PositionSerializer
from api.serializers.tokens import EventsTokenSerializer
from tidewire.credentials import Identity
from tidewire.rest.errors import Gone
from tidewire.rest.parameters import number, single
from tidewire.snapshots import Page, canonical, position, read_after

MAX_EVENTS = 500
MAX_OFFSET = 2**53 - 1

AFTER = OpenApiParameter("after", {"type": "integer", "minimum": 0, "default": 0}, description="The last offset seen.")
EPOCH = OpenApiParameter(
    "epoch", str, description="The epoch of that offset. Without it, a changed epoch is not noticed."
)
LIMIT = OpenApiParameter("limit", {"type": "integer", "minimum": 1, "maximum": MAX_EVENTS, "default": 100})


class EventsTokenViewSet(BaseViewSet):
    """Takes people only: a key stands in the header."""

    @extend_schema(operation_id="streams_token", request=None, responses={200: EventsTokenSerializer}, tags=["streams"])
    def create(self, request: Request) -> Response:
        """A token for `EventSource`, which cannot send a header.

        It opens `streams/events/` only, as it stands in the address, and ends with your access token.
        """
        identity = cast(Identity, request.auth)
        expires_at = datetime.fromtimestamp(identity.expires_at or 0, UTC)
        return Response(EventsTokenSerializer({"token": make_events_token(identity), "expires_at": expires_at}).data)


class StreamViewSet(BaseViewSet):
    resource = "streams"
    parameters = {"events": {"after", "epoch", "limit"}}

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.kwargs["name"] = kwargs["name"] = canonical(kwargs["name"])
        super().initial(request, *args, **kwargs)

    def get_binding(self) -> str:
        return self.kwargs["name"]

    @extend_schema(operation_id="streams_retrieve", responses=PositionSerializer)
    def retrieve(self, request: Request, name: str) -> Response:
        """The position of a stream to which you may subscribe."""
        self._require_access()
        return Response(position(name).as_json())

    @extend_schema(
        operation_id="streams_events", parameters=[AFTER, EPOCH, LIMIT], responses={200: EventPageSerializer}
    )
    def events(self, request: Request, name: str) -> Response:
        """The events after a position, oldest first. This is the socket's recovery over HTTP.

        410 means that events are missing, and names the position to continue from.
        """
        after, epoch = number(request, "after", 0, 0, MAX_OFFSET), single(request, "epoch") or ""
        limit = number(request, "limit", 100, 1, MAX_EVENTS)
        self._require_access()  # before the log is read
        page = read_after(name, after, limit)
        self._require_access()  # again, for a user who lost access before the page was read
        _require_continuity(page, after, epoch)
        entries = [{"offset": entry.offset, "event": json.loads(entry.payload)} for entry in page.entries]
        return Response({"next": self._next(page, after), "results": entries, "stream": page.head.as_json()})

    def _require_access(self) -> None:
        if not may_subscribe(self.user, self.kwargs["name"]):
            raise NotFound()

    def _next(self, page: Page, after: int) -> str | None:
        last = page.entries[-1].offset if page.entries else after
        if last >= page.head.offset:
            return None
        address = replace_query_param(self.request.build_absolute_uri(), "after", last)
        return replace_query_param(address, "epoch", page.head.epoch)


def _require_continuity(page: Page, after: int, epoch: str) -> None:
    """Raises Gone as a socket answers `recovered: false`: for another epoch, an offset ahead of the log, or pruned
    events."""
    head = page.head.as_json()
    if epoch not in ("", page.head.epoch):
        raise Gone("This offset is of another epoch.", stream=head)
    if after > page.head.offset and not page.entries:
        raise Gone("This offset is ahead of the log.", stream=head)
    is_next = page.entries[0].offset == after + 1 if page.entries else after >= page.head.offset
    if not is_next:
        raise Gone("The events after this offset are no longer kept.", stream=head)
