"""token/, token/refresh/, token/verify/, token/blacklist/, and what a token opens."""

from __future__ import annotations

import base64
import json
import time
from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from api import tokens
from realtime.tokens import ExpiredCredential, InvalidCredential
from tests.api.conftest import MISSING, pointers, problem
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, make_user

ME = "/api/v1/me/"


@pytest.fixture
def user(db):
    return make_user("Alice", email="Alice@Example.com")


@pytest.fixture
def pair(user):
    return tokens.sign_in_as(user)


def post(name: str, **body):
    return ContractClient().post(f"/api/v1/token/{name}", body)


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def forged(**changes) -> str:
    """A token with our signature and strange claims."""
    now = int(time.time())
    base = {"token_type": "access", "exp": now + 60, "iat": now, "jti": "x", "user_id": MISSING, "sid": MISSING}
    payload = {name: value for name, value in (base | changes).items() if value is not ...}
    return jwt.encode(payload, settings.SIMPLE_JWT["SIGNING_KEY"], "HS256")


def bearer(token: str):
    return ContractClient().get(ME, headers={"Authorization": f"Bearer {token}"})


def test_signing_in_gives_a_pair_that_works(user):
    response = post("", email="alice@EXAMPLE.com", password=PASSWORD)
    assert response.status_code == 200
    assert set(response.json()) == {"access", "refresh"}
    assert bearer(response.json()["access"]).json()["id"] == str(user.pk)


def test_all_tokens_of_a_session_carry_its_id_and_another_session_has_another(user, pair):
    refreshed = post("refresh/", refresh=pair["refresh"]).json()
    sids = {claims(token)["sid"] for token in (*pair.values(), *refreshed.values())}
    assert len(sids) == 1
    assert claims(tokens.sign_in_as(user)["access"])["sid"] not in sids


@pytest.mark.parametrize(("email", "password"), [("alice@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_wrong_credentials_are_told_apart_by_nobody(user, email, password):
    response = post("", email=email, password=password)
    assert problem(response) == (401, "credentials_invalid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_closed_account_does_not_sign_in(user):
    user.is_active = False
    user.save()
    assert problem(post("", email=user.email, password=PASSWORD)) == (401, "credentials_invalid")


def test_sign_in_wants_both_fields(db):
    assert pointers(post("")) == [("/email", "required"), ("/password", "required")]


def test_signing_in_hashes_outside_a_transaction(user, monkeypatch):
    from django.db import connection

    depths = []
    monkeypatch.setattr(
        "django.contrib.auth.authenticate", lambda *a, **k: depths.append(len(connection.savepoint_ids))
    )
    post("", email=user.email, password=PASSWORD)
    assert depths == [0]


def test_a_refresh_token_works_once(pair):
    assert post("refresh/", refresh=pair["refresh"]).status_code == 200
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, "token_invalid")


def test_the_successor_works(pair):
    second = post("refresh/", refresh=pair["refresh"]).json()
    assert post("refresh/", refresh=second["refresh"]).status_code == 200


@pytest.mark.parametrize("name", ["refresh/", "blacklist/"])
@pytest.mark.parametrize("token", ["x", "a.b.c", "ä", "." * 100, "[" * 5000])
def test_what_is_no_refresh_token(db, name, token):
    assert problem(post(name, refresh=token)) == (401, "token_invalid")


def test_an_access_token_does_not_refresh(pair):
    assert problem(post("refresh/", refresh=pair["access"])) == (401, "token_invalid")


@pytest.mark.parametrize("end", ["delete", "deactivate"])
def test_a_user_who_is_gone_does_not_refresh(user, pair, end):
    if end == "delete":
        user.delete()
    else:
        type(user).objects.update(is_active=False)
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, "account_closed")


def test_signing_out_ends_the_refresh_token(pair):
    assert post("blacklist/", refresh=pair["refresh"]).json() == {}
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, "token_invalid")
    assert problem(post("verify/", token=pair["refresh"])) == (401, "token_invalid")


def test_verify_takes_both_kinds(pair):
    assert post("verify/", token=pair["access"]).json() == {}
    assert post("verify/", token=pair["refresh"]).json() == {}
    assert problem(post("verify/", token="x")) == (401, "token_invalid")


STRANGE = [
    {"user_id": ...},
    {"user_id": None},
    {"user_id": 7},
    {"user_id": ["x"]},
    {"user_id": {"id": 1}},
    {"user_id": "x"},
    {"user_id": MISSING.upper().replace("0", "A")},
    {"exp": ...},
    {"exp": "soon"},
    {"exp": 10**400},
    {"exp": None},
    {"jti": ...},
    {"token_type": ...},
    {"token_type": "refresh"},
    {"token_type": ["access"]},
]


@pytest.mark.parametrize("changes", STRANGE, ids=str)
def test_strange_claims_are_401(db, changes):
    assert problem(bearer(forged(**changes))) == (401, "token_invalid")
    with pytest.raises(InvalidCredential):
        tokens.authenticate(forged(**changes))


@pytest.mark.parametrize("changes", [c for c in STRANGE if c.get("token_type") != "refresh"], ids=str)
def test_strange_claims_in_a_refresh_token_are_401(db, changes):
    assert problem(post("refresh/", refresh=forged(**{"token_type": "refresh", **changes}))) == (401, "token_invalid")


def test_a_header_nested_without_end_is_401(db):
    head = base64.urlsafe_b64encode(b"[" * 3000).decode()
    assert problem(bearer(f"{head}.e30.x")) == (401, "token_invalid")


def test_another_key_or_no_key_signs_nothing(user):
    payload = claims(tokens.sign_in_as(user)["access"])
    assert problem(bearer(jwt.encode(payload, "another key, long enough for SHA-256", "HS256"))) == (
        401,
        "token_invalid",
    )
    assert problem(bearer(jwt.encode(payload, None, "none"))) == (401, "token_invalid")


def test_an_expired_token_is_401_and_says_so(user):
    token = AccessToken.for_user(user)
    token.set_exp(lifetime=-timedelta(seconds=1))
    response = bearer(str(token))
    assert problem(response) == (401, "token_expired")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    with pytest.raises(ExpiredCredential):
        tokens.authenticate(str(token))


def test_a_refresh_token_opens_nothing(pair):
    assert problem(bearer(pair["refresh"])) == (401, "token_invalid")
    with pytest.raises(InvalidCredential):
        tokens.authenticate(pair["refresh"])


def test_an_access_token_of_a_closed_account_opens_nothing(user, pair):
    type(user).objects.update(is_active=False)
    assert problem(bearer(pair["access"])) == (401, "account_closed")


@pytest.mark.parametrize("header", ["", "Basic eDp5", "Token x"])
def test_another_scheme_is_nobody(db, header):
    assert problem(ContractClient().get(ME, headers={"Authorization": header})) == (401, "not_authenticated")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b"])
def test_half_a_header_is_401(db, header):
    assert problem(ContractClient().get(ME, headers={"Authorization": header})) == (401, "authentication_failed")


def test_a_socket_learns_who_it_is_without_a_query(user, pair, django_assert_num_queries):
    with django_assert_num_queries(0):
        identity = tokens.authenticate(pair["access"])
    expected = claims(pair["access"])
    assert (identity.user_id, identity.session_id) == (str(user.pk), expected["sid"])
    assert identity.expires_at == expected["exp"]


def test_a_request_costs_one_query_for_its_user(pair, django_assert_num_queries):
    with django_assert_num_queries(1):
        bearer(pair["access"])


def test_an_odd_session_id_is_none(user):
    token = RefreshToken()
    token["user_id"], token["sid"] = str(user.pk), json.loads("[1]")
    assert tokens.authenticate(str(token.access_token)).session_id is None
