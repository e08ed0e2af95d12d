"""me/sessions/, me/password/, and everything that ends a session."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from api.auth import sessions, tokens
from api.models import KnownNetwork, Session, User
from tests.api.conftest import MISSING, Person, pointers, problem
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, make_user
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

SESSIONS, PASSWORD_URL, ME = "/api/v1/me/sessions/", "/api/v1/me/password/", "/api/v1/me/"
NEW = "another horse, another battery"


def revocations() -> list[tuple[str, list[str]]]:
    """Returns (user, sessions) of each event of the revocation log."""
    rows = Event.objects.filter(stream__name="revocations:all").order_by("offset")
    data = [json.loads(row.payload)["data"] for row in rows]
    return [(each["user"], sorted(each["sessions"])) for each in data]


def sid(person: Person) -> str:
    return tokens.authenticate(person.token).session_id


def is_in(person: Person) -> bool:
    response = person.get(ME)
    assert response.status_code == 200 or problem(response)[1] in ("session_ended", "account_closed")
    return response.status_code == 200


@pytest.fixture
def phone(alice) -> Person:
    """Alice's second sign-in."""
    return Person(alice.user)


# -- list and end --------------------------------------------------------------------------------------------------


def test_the_list_shows_where_i_am_signed_in(alice, bob):
    headers = {"User-Agent": "Phone\t1\u200b", "X-Forwarded-For": "192.0.2.1"}
    body = {"email": alice.user.email, "password": PASSWORD}
    ContractClient(REMOTE_ADDR="192.0.2.7").post("/api/v1/token/", body, headers=headers)
    page = alice.get(SESSIONS).json()
    assert (page["stream"], page["next"]) == (None, None)
    phone, here = page["results"]
    assert (phone["device"], phone["address"], phone["is_current"]) == ("Phone1", "192.0.2.7", False)
    assert (here["id"], here["device"], here["is_current"]) == (sid(alice), "", True)
    assert here["created_at"] == here["used_at"] < here["expires_at"]
    assert len(bob.get(SESSIONS).json()["results"]) == 1


def test_ending_another_session(alice, phone):
    assert alice.delete(f"{SESSIONS}{sid(phone)}/").status_code == 204
    assert (is_in(alice), is_in(phone)) == (True, False)
    assert revocations() == [(alice.id, [sid(phone)])]
    assert problem(alice.delete(f"{SESSIONS}{sid(phone)}/")) == (404, "not_found")
    assert [row["id"] for row in alice.get(SESSIONS).json()["results"]] == [sid(alice)]


def test_ending_the_current_session(alice):
    assert alice.delete(f"{SESSIONS}{sid(alice)}/").status_code == 204
    assert not is_in(alice)


def test_a_user_cannot_end_anothers_session(alice, bob, anybody):
    for session in (sid(alice), MISSING):
        assert problem(bob.delete(f"{SESSIONS}{session}/")) == (404, "not_found")
    assert problem(anybody.get(SESSIONS)) == (401, "not_authenticated")
    assert problem(anybody.delete(f"{SESSIONS}{sid(alice)}/")) == (401, "not_authenticated")
    assert is_in(alice)
    assert revocations() == []


def test_the_answer_names_no_position_of_the_revocation_log(alice, phone):
    assert "Tidewire-Position" not in alice.delete(f"{SESSIONS}{sid(phone)}/")


# -- endings -------------------------------------------------------------------------------------------------------


def test_signing_out_is_a_revocation(alice, phone):
    pair = sessions.sign_in_as(alice.user)
    for _ in range(2):
        ContractClient().post("/api/v1/token/blacklist/", {"refresh": pair["refresh"]})
    assert revocations() == [(alice.id, [tokens.authenticate(pair["access"]).session_id])]


def test_a_stolen_token_closes_the_sockets(alice):
    pair = sessions.sign_in_as(alice.user)
    client = ContractClient()
    for _ in range(2):
        client.post("/api/v1/token/refresh/", {"refresh": pair["refresh"]})
        Session.objects.update(rotated_at=timezone.now() - timedelta(seconds=11))
    assert revocations() == [(alice.id, [tokens.authenticate(pair["access"]).session_id])]


def deactivate_in_admin(user: User) -> None:
    client = Client()
    client.force_login(make_user("Root", is_staff=True, is_superuser=True))
    form = {"email": user.email, "name": user.name, "password": user.password}
    assert client.post(f"/admin/api/user/{user.pk}/change/", form).status_code == 302


def set_password(user: User) -> None:
    user.set_password(NEW)
    user.save()


def set_password_in_admin(user: User) -> None:
    client = Client()
    client.force_login(make_user("Root", is_staff=True, is_superuser=True))
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert client.post(f"/admin/api/user/{user.pk}/password/", form).status_code == 302


def deactivate(user: User) -> None:
    user.is_active = False
    user.save()


ENDINGS = {
    "deactivated in the admin": deactivate_in_admin,
    "deactivated": deactivate,
    "deactivated in bulk": lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
    "a new password": set_password,
    "a new password from the admin": set_password_in_admin,
    "deleted": lambda user: user.delete(),
    "deleted in bulk": lambda user: User.objects.filter(pk=user.pk).delete(),
}


@pytest.mark.parametrize("name", ENDINGS)
def test_changes_that_end_all_sessions(alice, phone, bob, name):
    id = alice.id
    ENDINGS[name](User.objects.get(pk=id))
    told = revocations()
    assert {user for user, _ in told} == {id}
    assert sorted(s for _, sessions in told for s in sessions) == sorted([sid(alice), sid(phone)])
    assert [is_in(person) for person in (alice, phone, bob)] == [False, False, True]


def test_other_changes_end_none(alice):
    user = User.objects.get(pk=alice.id)
    user.name = "Alice B."
    user.save()
    User.objects.filter(pk=user.pk).update(name="Alice C.", is_active=True)
    assert is_in(alice)
    assert revocations() == []


def test_a_better_hash_is_no_new_password(alice, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher", *settings.PASSWORD_HASHERS]
    response = ContractClient().post("/api/v1/token/", {"email": alice.user.email, "password": PASSWORD})
    assert response.status_code == 200
    assert User.objects.get().password.startswith("scrypt")
    assert is_in(alice)


# -- my password ---------------------------------------------------------------------------------------------------


def test_a_new_password_ends_my_other_sessions(alice, phone):
    response = alice.post(PASSWORD_URL, {"current_password": PASSWORD, "new_password": NEW})
    assert (response.status_code, response.content) == (204, b"")
    assert (is_in(alice), is_in(phone)) == (True, False)
    assert revocations() == [(alice.id, [sid(phone)])]
    sign_in = ContractClient().post
    body = {"email": alice.user.email, "password": NEW}
    assert sign_in("/api/v1/token/", body).status_code == 200
    assert sign_in("/api/v1/token/", body | {"password": PASSWORD}).status_code == 401


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, [("/current_password", "required"), ("/new_password", "required")]),
        ({"current_password": "x", "new_password": NEW}, [("/current_password", "incorrect")]),
        ({"current_password": PASSWORD, "new_password": "12345678"}, None),
        ({"current_password": PASSWORD, "new_password": "x" * 129}, [("/new_password", "max_length")]),
    ],
)
def test_an_invalid_change_of_password(alice, phone, body, expected):
    found = pointers(alice.post(PASSWORD_URL, body))
    assert found == (
        expected or [("/new_password", "password_too_common"), ("/new_password", "password_entirely_numeric")]
    )
    assert is_in(phone)


def test_the_password_is_hashed_outside_a_transaction(alice, monkeypatch):
    import api.views.users as module

    depths = []
    for owner, name in ((User, "check_password"), (module, "make_password")):
        original = getattr(owner, name)
        monkeypatch.setattr(
            owner, name, lambda *a, call=original: (depths.append(connection.in_atomic_block), call(*a))[1]
        )
    alice.post(PASSWORD_URL, {"current_password": PASSWORD, "new_password": NEW})
    assert depths == [False, False]


def test_a_sign_in_that_crosses_a_new_password_fails(alice):
    """The password was changed after it was compared, and before the session began."""
    stale = User.objects.get(pk=alice.id)
    alice.post(PASSWORD_URL, {"current_password": PASSWORD, "new_password": NEW})
    with pytest.raises(sessions.AuthenticationFailed):
        sessions.sign_in_as(stale)
    assert Session.objects.alive().count() == 1


def test_a_sign_in_too_many_ends_the_oldest_session(alice, bob, monkeypatch):
    monkeypatch.setattr("api.models.sessions.MAX_SESSIONS", 3)
    Session.objects.filter(pk=sid(alice)).update(rotated_at=timezone.now() - timedelta(hours=1))
    others = []
    for _ in range(3):
        with transaction.atomic():
            sessions.Session.objects.make_space(alice.user.pk)
            others.append(Person(alice.user))
    assert [is_in(person) for person in (alice, bob, *others)] == [False, True, True, True, True]
    assert revocations() == [(alice.id, [sid(alice)])]


# -- old rows ------------------------------------------------------------------------------------------------------


def test_prune_sessions_deletes_rows_that_no_token_needs(alice, phone, bob):
    Session.objects.filter(pk=sid(phone)).update(expires_at=timezone.now() - timedelta(seconds=1))
    Session.objects.filter(pk=sid(bob)).end()
    KnownNetwork.objects.note(alice.id, "network")
    output = StringIO()
    call_command("prune_sessions", stdout=output)
    assert output.getvalue() == "Deleted 1 sessions and 0 networks.\n"
    assert {str(pk) for pk in Session.objects.values_list("pk", flat=True)} == {sid(alice), sid(bob)}
    Session.objects.filter(pk=sid(bob)).update(expires_at=timezone.now())
    KnownNetwork.objects.update(seen_at=timezone.now() - timedelta(days=31))
    call_command("prune_sessions", stdout=output)
    assert output.getvalue().endswith("Deleted 1 sessions and 1 networks.\n")
    assert is_in(alice)
    assert len(revocations()) == 1  # pruning is no revocation
