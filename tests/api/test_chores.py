"""No table grows for ever: each has a chore, or grows with what users keep."""

from __future__ import annotations

import re
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.sessions.models import Session as LoginSession
from django.utils import timezone

from api.models import Key, Session, User
from tests.api.conftest import Person
from tests.api.test_keys import make_key
from tests.factories import make_dashboard, make_metric, make_room
from tests.rig.site import ROOT
from tidewire.ground.connection_states import ConnectionState, ProcessState
from tidewire.jobs import chores
from tidewire.log.database import log_alias
from tidewire.logbook import writing
from tidewire.models import LoggedConnection

PAGE = Path(ROOT) / "docs" / "operations.md"

APPS = ("api", "tidewire", "sessions", "admin", "auth", "contenttypes")


@pytest.fixture(autouse=True)
def _chores_known(db):
    chores.look()


def rows_of_the_page() -> dict[str, str]:
    """{table: what deletes its rows} of the table in the page."""
    rows = re.findall(r"(?m)^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| ([^|]+) \|", PAGE.read_text(encoding="utf-8"))
    return {table: deleted.strip() for tables, deleted in rows for table in re.findall(r"`(\w+)`", tables)}


def test_the_page_names_every_table_and_every_chore():
    models = [model for label in APPS for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    shown = rows_of_the_page()
    assert set(shown) == {model._meta.db_table for model in models}
    named = {name for text in shown.values() for name in re.findall(r"chore `([\w ]+)`", text)}
    assert named == set(chores.names())


def test_sessions_that_ended_are_deleted(alice):
    old = Person(alice.user)
    Session.objects.exclude(pk__in=[s.pk for s in alice.user.sessions.order_by("created_at")[:1]]).update(
        expires_at=timezone.now() - timedelta(seconds=1)
    )
    assert chores.run("sessions") == 1
    assert Session.objects.count() == 1
    assert old.get("/api/v1/me/").status_code == 401


def test_more_sessions_than_one_batch(alice):
    gone = timezone.now() - timedelta(days=1)
    Session.objects.bulk_create(Session(user=alice.user, expires_at=gone) for _ in range(1_001))
    assert chores.run("sessions") == 1_001


def test_keys_that_were_revoked_long_ago_are_deleted(alice):
    keys = [make_key(alice) for _ in range(3)]
    now = timezone.now()
    Key.objects.filter(pk=keys[0].id).update(ended_at=now - timedelta(days=31))
    Key.objects.filter(pk=keys[1].id).update(ended_at=now - timedelta(days=29))
    assert chores.run("keys") == 1
    assert {str(pk) for pk in Key.objects.values_list("pk", flat=True)} == {key.id for key in keys[1:]}
    assert keys[2].get("/api/v1/me/").status_code == 200


def test_service_accounts_that_wrote_nothing_are_deleted_after_their_keys(alice):
    """Making and revoking keys would otherwise leave a row each time."""
    room = make_room(alice.user)
    keys = [make_key(alice, stream=f"room:{room.pk}") for _ in range(4)]
    quiet, writer, reader, present = keys
    path = f"/api/v1/rooms/{room.pk}/messages/"
    message = writer.post(path, {"text": "Ahoy"}).json()["id"]
    assert reader.put(f"{path}{message}/reactions/😀/").status_code in (200, 201)
    for key in (quiet, writer, reader):
        assert alice.delete(f"/api/v1/keys/{key.id}/").status_code == 204
    assert chores.run("service accounts") == 0  # the keys can still be looked up
    Key.objects.exclude(ended_at=None).update(ended_at=timezone.now() - timedelta(days=31))
    assert chores.run("keys") == 3
    assert chores.run("service accounts") >= 1
    left = {str(pk) for pk in User.objects.filter(is_service=True).values_list("pk", flat=True)}
    assert left == {writer.user_id, reader.user_id, present.user_id}
    assert alice.get(path).json()["results"][0]["author"]["id"] == writer.user_id


def test_sessions_of_the_admin_that_expired_are_deleted(db):
    now = timezone.now()
    for name, days in (("old", -1), ("new", 1)):
        LoginSession.objects.create(session_key=name, session_data="x", expire_date=now + timedelta(days=days))
    assert chores.run("admin sessions") == 1
    assert LoginSession.objects.get().session_key == "new"


def test_samples_that_nobody_pushes_any_more_are_deleted(alice):
    metric = make_metric(make_dashboard(alice.user), retention_days=7)
    now = timezone.now()
    samples = [{"at": (now - timedelta(days=days)).isoformat(), "value": days} for days in (6, 3)]
    assert alice.post(f"/api/v1/metrics/{metric.pk}/samples/", {"samples": samples}).status_code == 201
    assert chores.run("samples") == 0
    metric.retention_days = 5
    metric.save()
    assert chores.run("samples") == 1


def test_the_logbook_forgets_accounts_that_are_gone(alice, bob):
    """A process may write down the end of a socket seconds after its account was erased."""
    at = time.time()
    rows = [ConnectionState(id, id, "", "192.0.2.3", "Phone", "websocket", at) for id in (bob.id, alice.id)]
    bob.delete("/api/v1/me/")
    writing.write(ProcessState("p", "one", 7, time.time()), rows, log_alias())
    assert chores.run("erased accounts") == 1
    assert list(LoggedConnection.objects.values_list("user", flat=True)) == [alice.id]
