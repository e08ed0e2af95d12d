"""Lists and details answer the same bytes whether they are read by prepared queries or by the ORM's instances."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.models import Member, Message, Reaction, Room
from api.models.reactions import MAX_NAMED
from api.serializers.messages import MessageSerializer
from api.views.messages import messages_of
from tests.api.conftest import Person, url
from tests.factories import make_dashboard, make_message, make_metric, make_room, make_user
from tests.rig.verify import IS_VERIFY
from tidewire.rest.keysets import Order
from tidewire.rest.prepared_pages import SIZES, PreparedPages
from tidewire.rest.reads import PreparedListMixin, PreparedRetrieveMixin

pytestmark = pytest.mark.django_db

EXAMPLES = 60 if IS_VERIFY else 4
REQUEST_ID = re.compile(rb"urn:request:[0-9a-f-]+")
EMOJI = ("👍", "❤️", "🎉")


def answer(person: Person, settings: Any, path: str, is_on: bool, **query: Any) -> tuple[Any, ...]:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "PREPARED_QUERIES": is_on}
    response = person.get(path, query)
    headers = {name: response.get(name) for name in ("ETag", "Tidewire-Position", "Link", "Content-Type")}
    return response.status_code, headers, REQUEST_ID.sub(b"", response.content)


def check(person: Person, settings: Any, path: str, **query: Any) -> Any:
    """Fails unless both ways answer the same. Returns the body."""
    person.get(path, query)  # creates the stream
    prepared = answer(person, settings, path, True, **query)
    assert prepared == answer(person, settings, path, False, **query)
    response = person.get(path, query)
    return response.json() if response.content else None


messages = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=20),
            "has_author": st.booleans(),
            "is_edited": st.booleans(),
            "is_deleted": st.booleans(),
            "mentions": st.integers(0, 2),
            "reactions": st.lists(st.tuples(st.integers(0, 3), st.sampled_from(EMOJI)), unique=True, max_size=6),
        }
    ),
    max_size=5,
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=messages)
def test_messages_in_every_page_and_order(settings, drawn):
    alice, people = Person(make_user()), [make_user() for _ in range(4)]
    room, now, before = make_room(alice.user, *people), timezone.now(), None
    for number, row in enumerate(drawn):
        before = make_message(
            room,
            people[number % 4] if row["has_author"] else None,
            row["text"],
            mentions=[str(person.pk) for person in people[: row["mentions"]]],
            edited_at=now if row["is_edited"] else None,
            deleted_at=now if row["is_deleted"] else None,
            reply_to=before,
            created_at=now + timedelta(seconds=number // 2),  # some at the same time
        )
        for person, emoji in row["reactions"]:
            Reaction.objects.create(message=before, user=people[person], emoji=emoji)
    for ordering in ("created_at", "-created_at"):
        page = check(alice, settings, url(room, "messages"), limit=2, ordering=ordering)
        for direction in ("next", "previous"):
            while page[direction]:
                page = check(alice, settings, page[direction])
    for message in room.messages.all():
        check(alice, settings, url(room, "messages", message.pk))
    check(alice, settings, url(room, "messages"), author=str(people[0].pk))


def test_more_people_than_a_reaction_names(settings, room, alice, bob):
    message = make_message(room, bob.user)
    for person in [make_user() for _ in range(MAX_NAMED + 2)]:
        Reaction.objects.create(message=message, user=person, emoji=EMOJI[0])
    body = check(alice, settings, url(room, "messages", message.pk))
    assert [(len(entry["users"]), entry["count"]) for entry in body["reactions"]] == [(MAX_NAMED, MAX_NAMED + 2)]


def test_rooms_and_members(settings, alice, bob, charlie):
    rooms = [make_room(alice.user, bob.user, kind=kind) for kind in (Room.Kind.PUBLIC, Room.Kind.PRIVATE)]
    rooms.append(make_room(bob.user, kind=Room.Kind.PUBLIC))
    make_message(rooms[0], bob.user)
    for person in (alice, bob, charlie):
        for room in rooms:
            check(person, settings, url(room))
            page = check(person, settings, url(room, "members"), limit=1)
            if page.get("next"):
                check(person, settings, page["next"])
            for member in Member.objects.filter(room=room):
                check(person, settings, url(room, "members", member.user_id))
        for query in ({}, {"limit": 1}, {"ordering": "updated_at"}, {"ordering": "-updated_at", "limit": 1}):
            page = check(person, settings, url(), **query)
            while page["next"]:
                page = check(person, settings, page["next"])
        check(person, settings, url(), discover="true")
        check(person, settings, url(), name="room")


def test_dashboards_and_metrics(settings, alice, bob):
    dashboard = make_dashboard(alice.user, bob.user)
    metrics = [make_metric(dashboard) for _ in range(3)]
    for path in ("dashboards/", f"dashboards/{dashboard.pk}/", f"dashboards/{dashboard.pk}/metrics/"):
        check(alice, settings, f"/api/v1/{path}")
    for path in (f"dashboards/{dashboard.pk}/members/", f"metrics/{metrics[0].pk}/"):
        check(bob, settings, f"/api/v1/{path}")


def test_few_statements_read_pages_of_all_sizes(settings, room, alice, bob):
    for _ in range(12):
        make_message(room, bob.user)
    pages = PreparedPages(messages_of, MessageSerializer)
    order = Order("created_at", is_nullable=False, is_descending=True)
    shown = pages.rows(order, None, (room.pk,), 100).data
    for limit in range(1, 102):
        assert pages.rows(order, None, (room.pk,), limit).data == shown[:limit]
    (prepared,) = pages._prepared.values()
    (statements,) = prepared._query._of_thread.variants.values()
    assert len(statements._statements) == len(SIZES)
    assert len(pages.rows(order, None, (room.pk,), max(SIZES) + 1)) == 12


def views(patterns: Any) -> list[type]:
    found = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and (cls := getattr(pattern.callback, "cls", None)):
            found.append(cls)
    return found


def prepared_queries() -> dict[str, Any]:
    """{name: what a view reads by} of all prepared lists and details of the API."""
    found = {}
    for cls in views(get_resolver().url_patterns):
        for base, name in ((PreparedListMixin, "pages"), (PreparedRetrieveMixin, "row")):
            if issubclass(cls, base) and getattr(cls, name, None) is not None:
                found[f"{cls.__name__}.{name}"] = getattr(cls, name)
    return found


NEED_INSTANCES = {
    # `latest` is of two columns and null where there is no sample: a method of the serializer.
    "DashboardMetricViewSet.pages",
    "MetricViewSet.row",
}
"""What is read by a prepared query, and still as instances."""


def test_no_other_view_needs_instances(alice, bob):
    """A field that is added later may need one. Then the whole list is as slow as it was."""
    room = make_room(alice.user, bob.user)
    message: Message = make_message(room, alice.user)
    keys = {
        "MessageViewSet.row": (room.pk, message.pk),
        "MemberViewSet.row": (room.pk, alice.user.pk),
        "DashboardMemberViewSet.row": (room.pk, alice.user.pk),
        "RoomViewSet.row": (alice.user.pk, room.pk),
        "DashboardViewSet.row": (alice.user.pk, room.pk),
    }
    keys["ReactionViewSet.row"] = keys["MessageViewSet.row"]
    found = prepared_queries()
    assert {"MessageViewSet.pages", "MessageViewSet.row", "RoomViewSet.pages", "RoomViewSet.row"} <= set(found)
    for name, query in found.items():
        keys_of = keys.get(name, (room.pk,))
        assert ("latest" in query.why_not("default", *keys_of)) == (name in NEED_INSTANCES), name
        assert (query.why_not("default", *keys_of) == "") == (name not in NEED_INSTANCES), name
