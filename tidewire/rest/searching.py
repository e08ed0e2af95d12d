"""Lists of what a query finds: the rows that a caller may read, the newest first, each with a passage of its text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, ClassVar, cast

from django.db.models import Model, QuerySet
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.filters import BaseFilterBackend
from rest_framework.mixins import ListModelMixin
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, CharField

from tidewire.declare.registry import registry
from tidewire.log import replicas
from tidewire.rest.pagination import KeysetPagination
from tidewire.rest.parameters import single
from tidewire.rest.prepared_pages import PreparedPages
from tidewire.rest.reads import PAGE_PARAMETERS
from tidewire.rest.views import ResourceViewSet
from tidewire.search.matches import Matches, terms_of
from tidewire.search.passages import LENGTH, PASSAGE, passages
from tidewire.search.time_limit import SearchTimeoutError, in_time
from tidewire.search.words import MAX_LENGTH, Query, QueryError, parse

QUERY = "q"
PASSAGE_HELP = (
    f"A passage of up to {LENGTH} characters with what was found, as HTML: the text is escaped, and `<mark>` and "
    "`</mark>` stand around the words. They are the only tags in it."
)
QUERY_HELP = (
    'Words, `"phrases in quotes"`, and a minus sign before a word or a phrase that must not be there. All words must '
    f"be in the text, in any order. At most {MAX_LENGTH} characters."
)

TOO_SLOW = "This took too long. Look for a rarer word as well, or in fewer rows."


class SearchParameter(BaseFilterBackend):
    """Describes the parameter of the query in the schema. The view itself reads it."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        return queryset

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        schema = {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH}
        return [{"name": QUERY, "in": "query", "required": True, "description": QUERY_HELP, "schema": schema}]


class SearchMixin(ListModelMixin, ResourceViewSet):
    """In the place of DRF's ListModelMixin: `?q=` is required, and each row has its `highlight` besides its fields.

        class TicketSearch(SearchMixin, ResourceViewSet):
            serializer_class, order_field = TicketSerializer, "created_at"

            def get_queryset(self):
                return Ticket.objects.filter(project__members=self.request.user)

    The model is declared with `Live(..., searched=("title", "text"))`. The view says which rows the caller may read, as
    any list does: `get_queryset`, or `pages` where a search is frequent. Pages are those of other lists; no stream has
    an event of what a query finds, so `stream` is null.
    """

    pages: ClassVar[PreparedPages | None] = None
    """The last three parameters of its queryset are those of `Matches`."""
    filter_backends: Sequence[Any] = [SearchParameter]

    def page_parameters(self) -> Sequence[Any]:
        """Returns the other parameters of the query of `pages`, such as ids of the URL."""
        return ()

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        query = self._query()
        try:
            rows = replicas.now(lambda: in_time(lambda: self._marked(query), replicas.alias()))
        except SearchTimeoutError:
            raise ValidationError({QUERY: [ErrorDetail(TOO_SLOW, "too_slow")]}) from None
        response = self.get_paginated_response(rows)
        response.data["stream"] = None
        return response

    def get_serializer_class(self) -> type[BaseSerializer[Any]]:
        return found_serializer(super().get_serializer_class())

    def known_parameters(self) -> set[str]:
        return super().known_parameters() | {QUERY}

    def _query(self) -> Query:
        try:
            return parse(single(self.request, QUERY) or "")
        except QueryError as error:
            raise ValidationError({QUERY: [ErrorDetail(str(error), error.code)]}) from None

    def _marked(self, query: Query) -> list[dict[str, Any]]:
        """Returns the rows of the page as JSON, with their passages."""
        rows = self._found(query)
        names = registry.searched_of(self.searched_model())
        texts = ["\n".join(str(row[name]) for name in names if row.get(name)) for row in rows]
        marked = passages(query, texts)
        return [{**row, PASSAGE: passage} for row, passage in zip(rows, marked, strict=True)]

    def _found(self, query: Query) -> Sequence[dict[str, Any]]:
        """Returns the rows of the page as JSON."""
        terms = terms_of(query, self.searched_model())
        paginator = cast(KeysetPagination, self.paginator)
        if self.pages is not None and (PAGE_PARAMETERS | {QUERY}).issuperset(self.request.query_params):
            return paginator.paginate_prepared(self.pages, (*self.page_parameters(), *terms), self.request, self)
        rows = self.filter_queryset(self.get_queryset().using(replicas.alias()).filter(Matches(*terms)))
        page = paginator.paginate_queryset(rows, self.request, view=self)
        return super().get_serializer_class()(page, many=True, context=self.get_serializer_context()).data

    @classmethod
    def searched_model(cls) -> type[Model]:
        """Returns the model of the rows."""
        serializer: Any = cls.serializer_class
        return serializer.Meta.model if cls.queryset is None else cls.queryset.model


@cache
def found_serializer(serializer_class: type[BaseSerializer[Any]]) -> type[BaseSerializer[Any]]:
    """Returns the serializer of the rows that are found: with their passage. It is for the schema, and for `fields`."""
    meta: Any = getattr(serializer_class, "Meta", object)
    attributes: dict[str, Any] = {PASSAGE: CharField(read_only=True, help_text=PASSAGE_HELP)}
    if isinstance(getattr(meta, "fields", None), list | tuple):
        attributes["Meta"] = type("Meta", (meta,), {"fields": [*meta.fields, PASSAGE]})
    return type(f"Found{serializer_class.__name__}", (serializer_class,), attributes)
