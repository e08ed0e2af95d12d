"""The ETag of a list: an unmoved list is a 304, and whatever it shows changes it, by any way of writing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.models import F

from api.models import Member, Message, Reaction, Room, User
from api.serializers.messages import MessageSerializer
from tests.api.conftest import Person, url
from tests.factories import add_member, make_dashboard, make_message, make_room, make_user
from tidewire.rest.shared_pages import EncodedPage, SharedPages, shared_pages
from tidewire.testing import record_now

pytestmark = pytest.mark.django_db


ALL = ",".join(MessageSerializer().fields)


@pytest.fixture(autouse=True)
def _no_pages():
    shared_pages.clear()


def again(person: Person, path: str, tag: str, **query: Any) -> Any:
    return person.get(path, query, headers={"If-None-Match": tag})


@pytest.mark.parametrize("query", [{}, {"limit": 1}, {"fields": ALL}, {"ordering": "created_at"}])
def test_an_unmoved_list_is_a_304(room, alice, bob, query):
    for _ in range(2):
        make_message(room, bob.user)
    record_now()
    first = alice.get(url(room, "messages"), query)
    assert first["ETag"].startswith('W/"')
    assert (first["Cache-Control"], "Authorization" in first["Vary"]) == ("private, no-cache", True)
    unmoved = again(alice, url(room, "messages"), first["ETag"], **query)
    assert (unmoved.status_code, unmoved.content, unmoved["ETag"]) == (304, b"", first["ETag"])
    assert f"offset={first.json()['stream']['offset']}" in unmoved["Tidewire-Position"]
    assert again(alice, url(room, "messages"), "*", **query).status_code == 304
    assert again(alice, url(room, "messages"), f'"other", {first["ETag"]}', **query).status_code == 304
    assert again(alice, url(room, "messages"), first["ETag"].removeprefix("W/"), **query).status_code == 304


def test_each_page_and_each_address_has_a_tag_of_its_own(room, alice, bob):
    messages = [make_message(room, bob.user) for _ in range(3)]
    other = make_room(alice.user)
    record_now()
    queries: list[dict[str, Any]] = [{}, {"limit": 1}, {"limit": 2}, {"ordering": "created_at"}, {"fields": ALL}]
    first = alice.get(url(room, "messages"), {"limit": 1}).json()
    answers = [alice.get(url(room, "messages"), query) for query in queries] + [alice.get(first["next"])]
    answers += [alice.get(url(other, "messages")), alice.get(url(room, "members"))]
    assert len({answer["ETag"] for answer in answers}) == len(answers)
    assert len(messages) == 3


def test_a_tag_is_no_way_past_the_access_check(room, alice, bob):
    stranger = Person(make_user())
    record_now()
    tag = alice.get(url(room, "messages"))["ETag"]
    assert again(stranger, url(room, "messages"), tag).status_code == 404
    Member.objects.filter(room=room, user=bob.user).delete()
    assert again(bob, url(room, "messages"), tag).status_code == 404


def test_lists_of_something_else_have_none(room, alice):
    dashboard = make_dashboard(alice.user)
    for path in (url(), "/api/v1/dashboards/", f"/api/v1/dashboards/{dashboard.pk}/metrics/", "/api/v1/keys/"):
        answer = alice.get(path)
        assert (answer.status_code, "ETag" in answer, answer["Cache-Control"]) == (200, False, "no-store"), path
    assert "ETag" not in alice.get(url(room, "messages"), {"author": str(alice.user.pk)})  # a filter


def saved(row: Any, **values: Any) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    row.save(update_fields=list(values))


Change = Callable[[Room, Message, User], Any]

CHANGES: dict[str, Change] = {
    "a message": lambda room, message, user: make_message(room, user),
    "messages in bulk": lambda room, message, user: Message.objects.bulk_create([Message(room=room, text="x")]),
    "its text": lambda room, message, user: message.edit("changed"),
    "its text, by update": lambda room, message, user: Message.objects.filter(pk=message.pk).update(text="changed"),
    "its text, by bulk_update": lambda room, message, user: Message.objects.bulk_update(
        [Message(pk=message.pk, text="changed", version=message.version)], ["text"]
    ),
    "its author": lambda room, message, user: Message.objects.filter(pk=message.pk).update(author=None),
    "its mentions": lambda room, message, user: message.edit(mentions=[user.pk]),
    "its time": lambda room, message, user: Message.objects.filter(pk=message.pk).update(
        created_at=F("created_at"), edited_at=F("created_at")
    ),
    "its deletion": lambda room, message, user: message.soft_delete(),
    "its deletion from the table": lambda room, message, user: message.delete(),
    "a reaction": lambda room, message, user: Reaction.objects.create(message=message, user=user, emoji="👍"),
    "reactions in bulk": lambda room, message, user: Reaction.objects.bulk_create(
        [Reaction(message=message, user=user, emoji="👍")]
    ),
    "a name": lambda room, message, user: saved(user, name="Robert"),
    "a name, by update": lambda room, message, user: User.objects.filter(pk=user.pk).update(name="Robert"),
    "a name, by bulk_update": lambda room, message, user: User.objects.bulk_update(
        [User(pk=user.pk, name="Robert")], ["name"]
    ),
    "an account": lambda room, message, user: user.delete(),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_change_of_what_messages_show_asks_for_a_new_tag(what, room, alice):
    user = make_user()
    add_member(room, user)
    message = make_message(room, user, "text")
    record_now()
    before = alice.get(url(room, "messages"))
    CHANGES[what](room, Message.objects.get(pk=message.pk), User.objects.get(pk=user.pk))
    record_now()
    after = again(alice, url(room, "messages"), before["ETag"])
    assert after.status_code == 200
    assert after.json()["results"] != before.json()["results"]
    assert after["ETag"] != before["ETag"]


MEMBER_CHANGES: dict[str, Callable[[Room, Member], Any]] = {
    "a role": lambda room, member: member.change_role("admin"),
    "a role, by update": lambda room, member: Member.objects.filter(pk=member.pk).update(role="admin"),
    "a name": lambda room, member: saved(member.user, name="Robert"),
    "a member": lambda room, member: add_member(room, make_user()),
    "members in bulk": lambda room, member: Member.objects.bulk_create(
        [Member(room=room, user=make_user(), read_from=0)]
    ),
    "an end": lambda room, member: member.delete(),
    "an end, by a queryset": lambda room, member: room.members.filter(pk=member.pk).delete(),
    "an account": lambda room, member: member.user.delete(),
}


@pytest.mark.parametrize("what", MEMBER_CHANGES)
def test_every_change_of_what_members_show_asks_for_a_new_tag(what, room, alice):
    member = add_member(room, make_user())
    record_now()
    before = alice.get(url(room, "members"))
    MEMBER_CHANGES[what](room, Member.objects.select_related("user").get(pk=member.pk))
    record_now()
    after = again(alice, url(room, "members"), before["ETag"])
    assert after.status_code == 200
    assert after.json()["results"] != before.json()["results"]


def test_inside_a_transaction_whose_changes_are_no_events_yet_there_is_none(room, alice, bob):
    """As in a test that never commits: the position does not tell of the messages."""
    record_now()
    before = alice.get(url(room, "messages"))
    make_message(room, bob.user, "new")
    after = again(alice, url(room, "messages"), before["ETag"])
    assert (after.status_code, "ETag" in after, len(after.json()["results"])) == (200, False, 1)


# -- pages that are shared ---------------------------------------------------------------------------------------------


def test_readers_of_an_unmoved_list_share_its_page(room, alice, bob, django_assert_num_queries):
    make_message(room, bob.user)
    record_now()
    first = alice.get(url(room, "messages"))
    with django_assert_num_queries(3):  # user, room with role, position with the names clock: no messages
        second = bob.get(url(room, "messages"))
    assert (second.content, second["ETag"], second.get("Link")) == (first.content, first["ETag"], first.get("Link"))
    make_message(room, bob.user, "new")
    record_now()
    assert bob.get(url(room, "messages")).json()["results"][0]["text"] == "new"


def test_an_erased_text_is_in_no_page(room, alice, bob):
    message = make_message(room, bob.user, "secret")
    record_now()
    assert b"secret" in alice.get(url(room, "messages")).content
    bob.delete(url(room, "messages", message.pk))
    record_now()
    assert b"secret" not in alice.get(url(room, "messages")).content


def page(text: bytes) -> EncodedPage:
    return EncodedPage(text)


def test_the_sum_of_pages_is_bounded(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "SHARED_PAGE_BYTES": 10}
    pages, made = SharedPages(), []

    def get(address: str, length: int) -> bytes:
        return pages.get(address, "tag", lambda: (made.append(address), page(b"x" * length))[1])

    for address, length in (("a", 4), ("b", 4), ("a", 4), ("c", 4), ("a", 4), ("b", 4), ("large", 11), ("large", 11)):
        assert len(get(address, length)) == length
    assert made == ["a", "b", "c", "b", "large", "large"]  # "b" was used longest ago, "large" fits nowhere


def test_another_tag_is_another_page_and_the_first_is_forgotten():
    pages = SharedPages()
    texts = [pages.get("a", tag, lambda tag=tag: page(tag.encode())) for tag in ("1", "2", "1")]
    assert texts == [b"1", b"2", b"1"]


def test_a_page_is_made_once_for_all_who_wait():
    pages, made, started, go = SharedPages(), [], threading.Event(), threading.Event()

    def make() -> EncodedPage:
        started.set()
        go.wait(10)
        made.append(1)
        return page(b"x")

    threads = [threading.Thread(target=pages.get, args=("a", "tag", make)) for _ in range(5)]
    for thread in threads:
        thread.start()
    started.wait(10)
    go.set()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    connections.close_all()
