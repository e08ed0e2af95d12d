"""Alice owns the room, Bob is a member, Charlie is a stranger. `anybody` is not signed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.auth import tokens
from api.models import Dashboard, Member, Metric, Room, Session, User
from tests.contract_client import ContractClient
from tests.factories import add_member, make_dashboard, make_metric, make_room, make_user

MISSING = "00000000-0000-7000-8000-000000000000"


@pytest.fixture(autouse=True)
def _fast_passwords():
    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        yield


def access_token(user: User) -> str:
    """Returns a token of a new session of this user: what a sign-in makes, without its checks."""
    now = timezone.now()
    lifetime = tokens.refresh_lifetime()
    session = Session.objects.create(user=user, created_at=now, rotated_at=now, expires_at=now + lifetime)
    token = tokens.AccessToken()
    token.payload |= {"user_id": str(user.pk), "sid": str(session.pk)}
    return str(token)


class Person(ContractClient):
    """A client that is signed in with a real access token."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self.user = user
        self.id = str(user.pk)
        self.token = access_token(user)
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {self.token}")

    @property
    def json(self) -> dict[str, Any]:
        """The user as other users see it."""
        return {"id": self.id, "name": self.user.name}


@pytest.fixture
def anybody() -> ContractClient:
    return ContractClient()


@pytest.fixture
def alice(db) -> Person:
    return Person(make_user("Alice"))


@pytest.fixture
def bob(db) -> Person:
    return Person(make_user("Bob"))


@pytest.fixture
def charlie(db) -> Person:
    return Person(make_user("Charlie"))


@pytest.fixture
def dora(db) -> Person:
    """An admin of the room."""
    return Person(make_user("Dora"))


@pytest.fixture
def room(alice, dora, bob) -> Room:
    room = make_room(alice.user, name="Harbour")
    add_member(room, dora.user, Member.Role.ADMIN)
    add_member(room, bob.user)
    return room


@pytest.fixture
def lobby(alice, bob) -> Room:
    """A public room, which Charlie may read."""
    return make_room(alice.user, bob.user, name="Lobby", kind=Room.Kind.PUBLIC)


@pytest.fixture
def dashboard(alice, dora, bob) -> Dashboard:
    """A dashboard with the same members as the room."""
    dashboard = make_dashboard(alice.user, bob.user, name="Engines")
    dashboard.members.create(user=dora.user, role=Member.Role.ADMIN)
    return dashboard


@pytest.fixture
def metric(dashboard) -> Metric:
    return make_metric(dashboard, key="rpm", name="Revolutions")


def at(path: str, *parts: Any) -> str:
    """`at("metrics", id, "samples")`"""
    return "/api/v1/" + "/".join(map(str, (path, *parts))) + "/"


def url(room: Room | None = None, *rest: Any) -> str:
    """`url(room, "messages", id)`"""
    parts = ["rooms", *([room.pk] if room else []), *rest]
    return "/api/v1/" + "/".join(map(str, parts)) + "/"


def statements(call: Callable[[], Any]) -> int:
    """How many statements read or write rows while `call` runs. BEGIN and the like differ between databases.

    Each counts, also of those that are sent together.
    """
    with CaptureQueriesContext(connection) as captured:
        call()
    sent = [statement for query in captured for statement in query["sql"].split(";\n")]
    return sum(statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")) for statement in sent)


def recording() -> int:
    """How many statements append events to their streams. PostgreSQL needs one."""
    return 1 if connection.vendor == "postgresql" else 2


def problem(response: Any) -> tuple[int, str]:
    """Returns (status, code) of a problem document."""
    body = response.json()
    assert body["status"] == response.status_code
    return response.status_code, body["code"]


def pointers(response: Any) -> list[tuple[str, str]]:
    """Returns (pointer, code) of each mistake in the body."""
    assert problem(response) == (400, "invalid")
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


@pytest.fixture
def root() -> User:
    """The superuser."""
    return make_user("Root", is_staff=True, is_superuser=True)


@pytest.fixture
def admin(root: User) -> Client:
    """A browser in which the superuser is signed in to the admin."""
    client = Client()
    client.force_login(root)
    return client
