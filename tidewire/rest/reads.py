"""Lists and details that are read by prepared queries, as JSON values: no instances, nothing compiled per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from tidewire.ground.positions import Position
from tidewire.log import replicas
from tidewire.log.heads import shared_position
from tidewire.queries.prepared_rows import PreparedRows
from tidewire.rest.media import QuickJSONRenderer
from tidewire.rest.pagination import KeysetPagination
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.shared_pages import EncodedPage, shared_pages
from tidewire.rest.tags import Reading, is_known, tag_of
from tidewire.rest.views import ResourceViewSet
from tidewire.transactions.commit import noted

PAGE_PARAMETERS = {"cursor", "limit", "ordering", "fields"}
"""The query parameters that every list has. With any other one the list is read through `get_queryset`."""
NOT_SHARED = {"cursor", "fields"}
"""Parameters of pages that few clients ask for: they are read for each request."""


class PreparedListMixin(ListModelMixin, ResourceViewSet):
    """In the place of DRF's ListModelMixin, for lists that are read often. The answer is the same.

    A list with filters is read through `get_queryset` and `filter_queryset`, as DRF does. The rows come from a replica
    of the database, if there is one that shows the same.
    """

    pages: ClassVar[PreparedPages]
    _reading: Reading | None = None

    def page_parameters(self) -> Sequence[Any]:
        """Returns the parameters of the query of `pages`, such as ids of the URL."""
        raise NotImplementedError

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not PAGE_PARAMETERS.issuperset(request.query_params):
            return replicas.now(lambda: super(PreparedListMixin, self).list(request, *args, **kwargs))
        tag = self._tag()
        if tag is None:
            return replicas.now(self._read_page)
        if is_known(request, tag):
            response = Response(status=304)
        elif NOT_SHARED.isdisjoint(request.query_params):
            page = shared_pages.get(request.build_absolute_uri(), tag, self._encoded_page)
            response = Response(page, headers={"Link": page.link} if page.link else None)
        else:
            response = self._read_what_is_told()
        self.headers |= {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
        return response

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return super().filter_queryset(queryset.using(replicas.alias()))

    def position_of(self, stream: str) -> Position:
        """Reads the position of the list's stream, for SnapshotMixin, and with it the clocks that its ETag needs."""
        if self.pages.told_by is None:
            return shared_position(stream)
        self._reading = self.pages.readings.read(stream)
        return self._reading.position

    def _tag(self) -> str | None:
        """Returns the ETag of this list, or None where it has none. Without a position there is none, and none inside a
        transaction whose changes are not events yet, as in a test that never commits."""
        if self._reading is None or noted(DEFAULT_DB_ALIAS):
            return None
        return tag_of(self.request, self.pages.digest, self._reading)

    def _read_page(self) -> Response:
        paginator = cast(KeysetPagination, self.paginator)
        data = paginator.paginate_prepared(self.pages, self.page_parameters(), self.request, self)
        return self.get_paginated_response(data)

    def _read_what_is_told(self) -> Response:
        """Reads a page of which the position and the clocks of the ETag tell everything."""
        return replicas.at(self.pages.readings, cast(Reading, self._reading), self._read_page)

    def _encoded_page(self) -> EncodedPage:
        response = self._read_what_is_told()
        position = cast(Reading, self._reading).position
        page = EncodedPage(QuickJSONRenderer().render({**response.data, "stream": position.as_json()}))
        page.link = response.get("Link", "")
        return page


class PreparedRetrieveMixin(RetrieveModelMixin, ResourceViewSet):
    """In the place of DRF's RetrieveModelMixin, for details that are read often. The answer is the same.

    Without `row` it reads through `get_object`, as DRF does.
    """

    row: ClassVar[PreparedRows[Any, Any] | None] = None

    def row_parameters(self) -> Sequence[Any]:
        """Returns the parameters of the query of `row`, such as ids of the URL."""
        raise NotImplementedError

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if self.row is None:
            return super().retrieve(request, *args, **kwargs)
        data = self.row.first(DEFAULT_DB_ALIAS, *self.row_parameters())
        if data is None:
            raise NotFound()
        return Response(data)
