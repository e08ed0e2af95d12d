"""Another project's model is searched by a view of a few lines."""

from __future__ import annotations

import pytest
from django.core import checks
from django.urls import path
from rest_framework.test import APIRequestFactory

from tests.tidewire.deskapp.declarations import TicketSerializer
from tests.tidewire.deskapp.models import Project, Ticket
from tests.tidewire.liveapp.models import Item
from tests.tidewire.search.conftest import ItemSerializer, searched  # noqa: F401  a fixture
from tidewire.rest.searching import SearchMixin
from tidewire.rest.views import ResourceViewSet

requests = APIRequestFactory()


class TicketSearch(SearchMixin, ResourceViewSet):
    authentication_classes = permission_classes = ()
    serializer_class = TicketSerializer
    order_field = "rank"

    def get_queryset(self):
        return Ticket.objects.filter(project__name="mine").prefetch_related("labels", "watchers")


class ItemSearch(SearchMixin, ResourceViewSet):
    authentication_classes = permission_classes = ()
    queryset = Item.objects.all()
    serializer_class = ItemSerializer


def answer(view: type[ResourceViewSet], **parameters: str):
    response = view.as_view({"get": "list"})(requests.get("/", parameters))
    assert response.status_code == 200, response.data
    return response.data


@pytest.fixture
def tickets(searched) -> None:  # noqa: F811
    mine, theirs = (Project.objects.create(name=name) for name in ("mine", "theirs"))
    for number in range(3):
        Ticket.objects.create(project=mine, title=f"a leak <{number}>", rank=number)
    Ticket.objects.create(project=theirs, title="a leak of theirs")
    Ticket.objects.create(project=mine, title="a leak, deleted", deleted_at="2026-01-01T00:00:00Z")


def test_the_view_says_which_rows_may_be_found(tickets):
    page = answer(TicketSearch, q="leak", limit="2")
    assert [row["highlight"] for row in page["results"]] == [
        "a <mark>leak</mark> &lt;2&gt;",
        "a <mark>leak</mark> &lt;1&gt;",
    ]
    assert set(page["results"][0]) == {*TicketSerializer.Meta.fields, "highlight"}
    assert page["stream"] is None
    rest = TicketSearch.as_view({"get": "list"})(requests.get(page["next"])).data
    assert [row["title"] for row in rest["results"]] == ["a leak <0>"]


def test_fields_may_be_chosen(tickets):
    assert answer(TicketSearch, q="leak", fields="highlight", limit="1")["results"] == [
        {"highlight": "a <mark>leak</mark> &lt;2&gt;"}
    ]


def test_a_passage_of_several_columns(searched):  # noqa: F811
    Item.objects.create(title="red", slug="apple")
    assert [row["highlight"] for row in answer(ItemSearch, q="apple")["results"]] == ["red\n<mark>apple</mark>"]


urlpatterns = [path("tickets/search/", TicketSearch.as_view({"get": "list"}))]


def test_a_view_of_a_model_without_searched_columns_is_refused(settings):
    settings.ROOT_URLCONF = __name__
    (problem,) = [each for each in checks.run_checks(tags=["tidewire"]) if each.id == "tidewire.E142"]
    assert "TicketSearch searches Ticket" in problem.msg
    assert 'searched=("text",)' in problem.hint


def test_the_view_is_accepted_where_its_model_is_searched(settings, searched):  # noqa: F811
    settings.ROOT_URLCONF = __name__
    found = [each.id for each in checks.run_checks(tags=["tidewire"])]
    assert found == ["tidewire.E163"]  # the topics of MQTT post to addresses that this URLconf has not
