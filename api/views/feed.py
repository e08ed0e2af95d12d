"""The events of all streams that the caller may read, for programs that copy everything by one loop."""

from __future__ import annotations

import json

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import feed_cursor
from api.feed import Feed, changes_json
from api.readable_streams import KINDS
from api.rest.views import BaseViewSet
from api.serializers.feed import FeedPageSerializer, FeedRequestSerializer

STREAMS_PER_ROW = 10
"""Looking whether so many streams have moved counts as one row."""


class FeedViewSet(BaseViewSet):
    """It is a POST because a cursor of many streams is too long for an address. It changes nothing."""

    resource = "streams"
    is_reading = True
    is_transactional = False

    @extend_schema(
        operation_id="streams_feed",
        request=FeedRequestSerializer,
        responses={200: FeedPageSerializer},
        tags=["streams"],
    )
    def page(self, request: Request) -> Response:
        """The next events of all streams that you may read, after a cursor. Without one, from the first that are kept.

        Keep the new cursor together with what you have copied. After a crash the old one brings the same events again,
        and none is missed. `added` and `reset` name the position from which the events of a stream follow: read its
        state over REST unless the offset is 0. `removed` is a stream that you may no longer read.
        """
        asked = self.validated(FeedRequestSerializer)
        cursor = feed_cursor.decode(asked["cursor"])
        if cursor is None:
            raise ValidationError({"cursor": ["Must be a cursor of this server."]})
        kinds = [asked["kind"]] if asked["kind"] else KINDS
        page = Feed(self.user, cursor, asked["limit"], kinds).read()
        self.charge(page.scanned // STREAMS_PER_ROW + len(page.entries))
        results = [
            {"channel": name, "offset": offset, "event": json.loads(payload)} for name, offset, payload in page.entries
        ]
        answer = {"cursor": cursor.encode(), "has_more": page.has_more, "changes": changes_json(page.changes)}
        return Response({**answer, "results": results})
