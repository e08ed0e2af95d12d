"""Lists and details that are read by prepared queries, as JSON values: no instances, nothing compiled per request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, cast

from django.db import DEFAULT_DB_ALIAS
from rest_framework.exceptions import NotFound
from rest_framework.mixins import ListModelMixin, RetrieveModelMixin
from rest_framework.request import Request
from rest_framework.response import Response

from tidewire.queries.prepared_rows import PreparedRows
from tidewire.rest.pagination import KeysetPagination
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.views import ResourceViewSet

PAGE_PARAMETERS = {"cursor", "limit", "ordering", "fields"}
"""The query parameters that every list has. With any other one the list is read through `get_queryset`."""


class PreparedListMixin(ListModelMixin, ResourceViewSet):
    """In the place of DRF's ListModelMixin, for lists that are read often. The answer is the same.

    A list with filters is read through `get_queryset` and `filter_queryset`, as DRF does.
    """

    pages: ClassVar[PreparedPages]

    def page_parameters(self) -> Sequence[Any]:
        """Returns the parameters of the query of `pages`, such as ids of the URL."""
        raise NotImplementedError

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if not PAGE_PARAMETERS.issuperset(request.query_params):
            return super().list(request, *args, **kwargs)
        paginator = cast(KeysetPagination, self.paginator)
        data = paginator.paginate_prepared(self.pages, self.page_parameters(), request, self)
        return self.get_paginated_response(data)


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
