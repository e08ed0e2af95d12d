"""The admin's pages of the engine: read only, one question, and one action."""

from __future__ import annotations

import time

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db import connection as django_connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from api.admin import MOST_MEMBERS
from api.models import Session
from tests.api.conftest import Person
from tests.factories import add_member, make_message, make_room, make_user
from tidewire.admin import ShortPaginator
from tidewire.ground.connection_states import ConnectionState, ProcessState, StreamSeen
from tidewire.ground.disconnections import Disconnection, disconnection_of
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream
from tidewire.logbook import writing
from tidewire.models import WebhookDelivery, WebhookEndpoint

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.shown_on("sqlite")]

MODELS = ("stream", "event", "loggedconnection", "loggedprocess")


@pytest.fixture
def room(root):
    room = make_room(root, name="Harbour")
    make_message(room, root, "<b>12:03</b>")
    return room


@pytest.fixture
def connection(root, room) -> str:
    seen = StreamSeen(f"room:{room.pk}", time.time(), 0, 2)
    state = ConnectionState("c1", str(root.pk), "", "192.0.2.9", "Phone", "websocket", time.time(), streams=(seen,))
    writing.write(ProcessState("p1", "one", 7, time.time()), [state], log_alias())
    return state.id


@pytest.mark.parametrize("model", MODELS)
def test_pages_open_and_nothing_can_be_changed(admin, room, connection, model):
    pages = f"/admin/tidewire/{model}/"
    key = apps.get_model("tidewire", model).objects.order_by("-pk").first().pk
    assert admin.get(pages).status_code == 200
    assert admin.get(f"{pages}{key}/change/").status_code == 200
    for page in ("add/", f"{key}/delete/"):
        assert admin.get(pages + page).status_code == 403
    assert admin.post(f"{pages}{key}/change/", {}).status_code == 403


def test_a_stream_shows_its_position_its_last_event_and_who_reads(admin, root, room, connection):
    stream = Stream.objects.get(name=f"room:{room.pk}")
    page = admin.get(f"/admin/tidewire/stream/{stream.pk}/change/").content.decode()
    for text in (stream.epoch, "message.created at", f"{root.pk}, websocket from 192.0.2.9, Phone"):
        assert text in page


def test_the_event_log_is_filtered_and_its_content_is_text(admin, room):
    found = admin.get("/admin/tidewire/event/", {"type": "message.created", "q": f"room:{room.pk}"})
    (event,) = found.context["cl"].result_list
    page = admin.get(f"/admin/tidewire/event/{event.pk}/change/").content.decode()
    assert "&lt;b&gt;12:03&lt;/b&gt;" in page


def test_why_is_asked_here(admin, root, room, connection):
    ask = {"user": root.email, "stream": f"room:{room.pk}", "event": "2"}
    page = admin.get("/admin/tidewire/event/why/", ask).content.decode()
    assert "the event was sent to the user" in page
    assert "websocket from 192.0.2.9 (Phone)" in page
    assert "there is no account" in admin.get("/admin/tidewire/event/why/", {**ask, "user": "nemo"}).content.decode()


def test_a_member_of_staff_without_the_permission_may_not_ask(room):
    client = Client()
    client.force_login(make_user("Staff", is_staff=True))
    assert client.get("/admin/tidewire/event/why/").status_code == 403
    assert client.get("/admin/tidewire/loggedconnection/").status_code == 403


@pytest.mark.parametrize(("action", "is_final"), [("close", False), ("close_for_good", True)])
def test_connections_are_closed_by_an_entry_of_the_revocation_log(admin, root, connection, action, is_final):
    form = {"action": action, "_selected_action": [connection]}
    assert admin.post("/admin/tidewire/loggedconnection/", form).status_code == 302
    event = Event.objects.order_by("-id").first()
    assert disconnection_of(event.payload) == Disconnection(str(root.pk), (connection,), is_final)
    assert str(root.pk) in event.payload.partition('"actor"')[2]


def test_a_session_that_is_deleted_here_has_ended(admin, root):
    person = Person(make_user("Bob"))
    assert person.get("/api/v1/me/").status_code == 200
    row = Session.objects.get(user=person.user)
    assert admin.get("/admin/api/session/").status_code == 200
    assert admin.post(f"/admin/api/session/{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert person.get("/api/v1/me/").status_code == 401


# -- what every page keeps to ------------------------------------------------------------------------------------------


def grow(root) -> None:
    """Adds a row, or more, to each table that the admin lists."""
    user = make_user()
    person = Person(user)
    room = make_room(user)
    make_message(room, user, "hello")
    person.post("/api/v1/keys/", {"name": "robot", "scopes": ["rooms:read"]})
    hook = {"url": "https://receiver.example/", "streams": [f"room:{room.pk}"]}
    endpoint = WebhookEndpoint.objects.get(pk=person.post("/api/v1/webhooks/", hook).json()["id"])
    stream = Stream.objects.get(name=f"room:{room.pk}")
    part = {"stream": stream, "epoch": stream.epoch, "first_offset": 1, "last_offset": 1}
    WebhookDelivery.objects.create(endpoint=endpoint, message_id="m1", type="room.created", state="failed", **part)
    state = ConnectionState(str(user.pk)[-20:], str(user.pk), "", "192.0.2.9", "Phone", "websocket", time.time())
    writing.write(ProcessState(str(user.pk)[-20:], "one", 7, time.time()), [state], log_alias())


def pages() -> list[str]:
    return [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in site._registry]


def test_a_list_costs_the_same_number_of_queries_for_one_row_and_for_more(admin, root):
    def queries(page: str) -> int:
        with CaptureQueriesContext(django_connection) as captured:
            assert admin.get(page).status_code == 200, page
        return len(captured)

    grow(root)
    before = {page: queries(page) for page in pages()}
    for _ in range(3):
        grow(root)
    assert {page: queries(page) for page in pages()} == before


def test_no_list_counts_a_table_that_grows():
    counted = {page.__class__.__name__ for page in site._registry.values() if page.paginator is not ShortPaginator}
    assert counted == {"GroupAdmin"}


def test_every_action_is_in_the_admins_log(admin, root):
    """Django notes forms and deletions by itself. An action that is new here notes nothing until it calls `note`."""
    grow(root)
    for model, page in site._registry.items():
        for action in page.actions:
            row = model.objects.order_by("-pk").first()
            LogEntry.objects.all().delete()
            url = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
            assert admin.post(url, {"action": action, "_selected_action": [row.pk]}).status_code == 302
            (entry,) = LogEntry.objects.all()
            assert (entry.user, entry.object_id) == (root, str(row.pk)), action
            assert entry.get_change_message(), action


def test_a_room_with_many_members_has_no_form_for_each(admin, root):
    room = make_room(root)
    page = f"/admin/api/room/{room.pk}/change/"
    assert len(admin.get(page).context["inline_admin_formsets"]) == 1
    for _ in range(MOST_MEMBERS):
        add_member(room, make_user())
    answer = admin.get(page)
    assert answer.context["inline_admin_formsets"] == []
    assert f"/admin/api/member/?q={room.pk}" in answer.content.decode()
    assert len(admin.get(f"/admin/api/member/?q={room.pk}").context["cl"].result_list) == MOST_MEMBERS + 1
