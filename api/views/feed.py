"""The events of all streams that the caller may read, for programs that copy everything by one loop."""

from __future__ import annotations

import json

from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from api import feed_bookmark
from api.feed import Feed, changes_json
from api.readable_streams import KINDS
from api.rest.views import BaseViewSet
from api.serializers.feed import FeedPageSerializer, FeedRequestSerializer

STREAMS_PER_ROW = 10
"""Looking whether so many streams have moved counts as one row."""


class FeedViewSet(BaseViewSet):
    """It is a POST because a bookmark of many streams is too long for an address. It changes nothing."""

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
        """The next events of all streams that you may read, after a bookmark; without one, from the first kept.

        Keep the new bookmark with what you have copied. After a crash the old one brings the same events again, and
        none is missed. `added` and `reset` name the position from which the events of a stream follow: read its
        state over REST unless the offset is 0. `removed` is a stream that you may no longer read.
        """
        asked = self.validated(FeedRequestSerializer)
        bookmark = feed_bookmark.decode(asked["bookmark"])
        if bookmark is None:
            raise ValidationError({"bookmark": ["Must be a bookmark of this server."]})
        kinds = [asked["kind"]] if asked["kind"] else KINDS
        page = Feed(self.user, bookmark, asked["limit"], kinds).read()
        self.charge(page.scanned // STREAMS_PER_ROW + len(page.entries))
        results = [
            {"channel": name, "offset": offset, "event": json.loads(payload)} for name, offset, payload in page.entries
        ]
        answer = {"bookmark": bookmark.encode(), "has_more": page.has_more, "changes": changes_json(page.changes)}
        return Response({**answer, "results": results})
