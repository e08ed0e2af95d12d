"""users/ and me/"""

from __future__ import annotations

import pytest
from django.db import connection

from api.models import User
from tests.api.conftest import pointers, problem
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, make_user

USERS, ME = "/api/v1/users/", "/api/v1/me/"
NEW = {"email": "Eve@Example.com", "name": "Eve", "password": PASSWORD}


@pytest.fixture
def client(db):
    return ContractClient()


def test_registering_makes_an_account_that_signs_in(client):
    response = client.post(USERS, NEW)
    user = User.objects.get()
    assert response.status_code == 201
    assert response.json() == {"id": str(user.pk), "email": "eve@example.com", "name": "Eve", "version": 1}
    assert response["Location"] == ME
    assert user.pk.version == 7
    assert (user.is_active, user.is_staff, user.is_superuser) == (True, False, False)
    pair = client.post("/api/v1/token/", {"email": "EVE@example.com", "password": PASSWORD})
    assert pair.status_code == 200


def test_an_old_token_is_not_in_the_way_of_registering(client):
    assert client.post(USERS, NEW, headers={"Authorization": "Bearer x"}).status_code == 201


def test_an_address_is_taken_in_any_case(client):
    make_user("Eve", email="eve@example.com")
    assert pointers(client.post(USERS, NEW)) == [("/email", "unique")]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"email": "eve"}, [("/email", "invalid")]),
        ({"name": " "}, [("/name", "blank")]),
        ({"name": "x" * 101}, [("/name", "max_length")]),
        ({"password": "12345678"}, [("/password", "password_too_common"), ("/password", "password_entirely_numeric")]),
        ({"password": "eve@example.com"}, [("/password", "password_too_similar")]),
        ({"password": "x" * 129}, [("/password", "max_length")]),
    ],
)
def test_an_invalid_account(client, change, expected):
    assert set(pointers(client.post(USERS, NEW | change))) == set(expected)
    assert not User.objects.exists()


def test_registering_never_makes_staff(client):
    client.post(USERS, NEW | {"is_staff": True, "is_superuser": True, "is_active": False, "version": 9})
    assert list(User.objects.values_list("is_staff", "is_superuser", "is_active", "version")) == [
        (False, False, True, 1)
    ]


def test_the_password_is_hashed_outside_a_transaction(client, monkeypatch):
    depths, hash = [], User.set_password
    monkeypatch.setattr(
        User, "set_password", lambda user, raw: (depths.append(len(connection.savepoint_ids)), hash(user, raw))
    )
    client.post(USERS, NEW)
    assert depths == [0]


def test_me(alice):
    response = alice.get(ME)
    assert response.json() == {"id": alice.id, "email": alice.user.email, "name": "Alice", "version": 1}
    assert response["ETag"] == '"1"'


def test_an_anonymous_request_is_401(client):
    assert problem(client.get(ME)) == (401, "not_authenticated")


def test_my_name_changes_and_my_address_does_not(alice):
    response = alice.patch(ME, {"name": "Alice B.", "email": "x@example.com", "is_staff": True})
    assert response.json() == {"id": alice.id, "email": alice.user.email, "name": "Alice B.", "version": 2}
    assert alice.get(ME).json() == response.json()
    assert User.objects.get().is_staff is False


def test_an_empty_change_changes_nothing(alice):
    assert alice.patch(ME, {}).json()["version"] == 1


def test_another_version_is_refused(alice):
    assert problem(alice.patch(ME, {"name": "x"}, headers={"If-Match": '"2"'})) == (412, "version_mismatch")
    assert pointers(alice.patch(ME, {"name": ""}, headers={"If-Match": '"1"'})) == [("/name", "blank")]
