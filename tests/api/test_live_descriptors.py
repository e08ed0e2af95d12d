"""What openapi.yaml tells a client of the rows of a live list: from the path, the filters, and the order."""

from __future__ import annotations

import django_filters
import pytest
import yaml

from api.filters import MessageFilter
from api.models import Message
from api.schema.where import field_of, filter_fields, path_fields
from api.serializers.messages import MessageSerializer
from tests.rig.site import ROOT

pytestmark = pytest.mark.shown_on("sqlite")


class Strange(django_filters.FilterSet):
    """Filters that look like others, and that only the database can apply."""

    text = django_filters.CharFilter(lookup_expr="icontains")
    not_text = django_filters.CharFilter(field_name="text", exclude=True)
    after_text = django_filters.CharFilter(field_name="text", lookup_expr="gt")
    own = django_filters.CharFilter(field_name="text", method="filter_own")
    several = django_filters.BaseInFilter(field_name="author_id", lookup_expr="in")
    author_name = django_filters.CharFilter(field_name="author__name")
    deleted_before = django_filters.IsoDateTimeFilter(field_name="deleted_at", lookup_expr="lt")
    exact_text = django_filters.CharFilter(field_name="text")
    edited_before = django_filters.IsoDateTimeFilter(field_name="edited_at", lookup_expr="lte")

    class Meta:
        model = Message
        fields: list[str] = []


class Whole(MessageFilter):
    def filter_queryset(self, queryset):
        return queryset.none()


def view_with(filterset):
    return type("View", (), {"filterset_class": filterset})


def test_a_filter_names_the_field_of_a_row_and_how_it_is_compared():
    assert filter_fields(view_with(MessageFilter), MessageSerializer) == {
        "author": ["author.id", "exact_id"],
        "reply_to": ["reply_to", "exact_id"],
        "created_after": ["created_at", "gt"],
        "created_before": ["created_at", "lt"],
    }


def test_filters_that_a_client_cannot_decide_are_left_out():
    assert filter_fields(view_with(Strange), MessageSerializer) == {
        "exact_text": ["text", "exact"],
        "edited_before": ["edited_at", "lte"],
    }
    assert filter_fields(view_with(Whole), MessageSerializer) == {}
    assert filter_fields(view_with(None), MessageSerializer) == {}


@pytest.mark.parametrize(
    ("column", "field"),
    [("room_id", "room"), ("author_id", "author.id"), ("reply_to_id", "reply_to"), ("text", "text"), ("nothing", None)],
)
def test_a_column_is_found_in_a_row_under_the_name_that_rows_give_it(column, field):
    assert field_of(MessageSerializer, column) == field


def test_a_list_below_what_its_rows_do_not_show_has_no_descriptor():
    assert path_fields(["reply_to_id"], MessageSerializer) == {"reply_to_id": "reply_to"}
    assert path_fields(["reply_to_id", "folder_id"], MessageSerializer) is None


def test_every_live_list_says_what_its_rows_are():
    document = yaml.safe_load((ROOT / "openapi.yaml").read_text())
    lives = {
        path: item["get"]["x-tidewire-live"]
        for path, item in document["paths"].items()
        if "order" in item.get("get", {}).get("x-tidewire-live", {})
    }
    assert len(lives) > 5
    for path, live in lives.items():
        assert live["max_limit"] == 100, path
        assert set(live) >= {"where", "filters", "order"}, path
    messages = lives["/api/v1/rooms/{room_id}/messages/"]
    assert messages["filters"]["author"] == ["author.id", "exact_id"]
    assert messages["where"] == {}
