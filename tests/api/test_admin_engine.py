"""The admin's pages of the engine: read only, one question, and one action."""

from __future__ import annotations

import time

import pytest
from django.apps import apps
from django.test import Client

from api.models import Session
from tests.api.conftest import Person
from tests.factories import make_message, make_room, make_user
from tidewire.ground.connection_states import ConnectionState, ProcessState, StreamSeen
from tidewire.ground.disconnections import Disconnection, disconnection_of
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream
from tidewire.logbook import writing

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
