"""token/, token/refresh/, token/verify/, token/blacklist/, and the use of a token."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from unittest import mock

import jwt
import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone
from rest_framework_simplejwt.tokens import AccessToken

from api.auth import sessions, tokens
from api.auth.sessions import GRACE
from api.models import Session
from tests.api.conftest import MISSING, pointers, problem, statements
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, make_user
from tidewire.ground.credentials import ExpiredCredential, InvalidCredential

pytestmark = pytest.mark.shown_on("sqlite")

ME = "/api/v1/me/"


@pytest.fixture
def user(db):
    return make_user("Alice", email="Alice@Example.com")


@pytest.fixture
def pair(user):
    return sessions.sign_in_as(user)


def post(name: str, **body):
    return ContractClient().post(f"/api/v1/token/{name}", body)


def claims(token: str) -> dict:
    return jwt.decode(token, options={"verify_signature": False})


def forged(**changes) -> str:
    """Returns a token with a valid signature and these claims."""
    now = int(time.time())
    base = {"token_type": "access", "exp": now + 60, "iat": now, "jti": "x", "user_id": MISSING, "sid": MISSING}
    payload = {name: value for name, value in (base | changes).items() if value is not ...}
    return jwt.encode(payload, settings.SIMPLE_JWT["SIGNING_KEY"], "HS256")


SECOND = timedelta(seconds=1)


def later(passed: timedelta) -> None:
    """Moves the session's times into the past."""
    Session.objects.update(rotated_at=F("rotated_at") - passed)


@contextmanager
def freeze(ahead: timedelta) -> Iterator[None]:
    """Moves the clocks of sessions and of simplejwt."""
    moment = datetime.now(UTC) + ahead

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return moment

    with (
        mock.patch("django.utils.timezone.now", return_value=moment),
        mock.patch("rest_framework_simplejwt.tokens.aware_utcnow", return_value=moment),
        mock.patch("jwt.api_jwt.datetime", Clock),
    ):
        yield


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
    assert claims(sessions.sign_in_as(user)["access"])["sid"] not in sids


@pytest.mark.parametrize(("email", "password"), [("alice@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_wrong_credentials_have_one_answer(user, email, password):
    response = post("", email=email, password=password)
    assert problem(response) == (401, "credentials_invalid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_closed_account_does_not_sign_in(user):
    user.is_active = False
    user.save()
    assert problem(post("", email=user.email, password=PASSWORD)) == (401, "credentials_invalid")


def test_sign_in_needs_both_fields(db):
    assert pointers(post("")) == [("/email", "required"), ("/password", "required")]


def test_signing_in_hashes_outside_a_transaction(user, monkeypatch):
    from django.db import connection

    depths = []
    monkeypatch.setattr(
        "django.contrib.auth.authenticate", lambda *a, **k: depths.append(len(connection.savepoint_ids))
    )
    post("", email=user.email, password=PASSWORD)
    assert depths == [0]


def test_a_refresh_token_is_exchanged_for_its_successor(pair):
    second = post("refresh/", refresh=pair["refresh"])
    assert second.status_code == 200
    assert claims(second.json()["refresh"])["jti"] != claims(pair["refresh"])["jti"]
    assert bearer(second.json()["access"]).status_code == 200


def test_two_tabs_that_refresh_at_once_both_live(pair):
    one, other = (post("refresh/", refresh=pair["refresh"]).json() for _ in range(2))
    assert one["refresh"] == other["refresh"]
    assert bearer(one["access"]).status_code == bearer(other["access"]).status_code == 200
    later(GRACE + SECOND)
    assert post("refresh/", refresh=one["refresh"]).status_code == 200


@pytest.mark.parametrize("seconds", [90, -90])
def test_two_tabs_live_also_where_the_clocks_of_their_servers_differ(pair, seconds):
    one = post("refresh/", refresh=pair["refresh"]).json()
    with freeze(timedelta(seconds=seconds)):
        other = post("refresh/", refresh=pair["refresh"])
    assert other.status_code == 200
    assert one["refresh"] == other.json()["refresh"]


def test_a_used_token_ends_the_session(pair):
    second = post("refresh/", refresh=pair["refresh"]).json()
    later(GRACE + SECOND)
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, "token_reused")
    for token in (pair["refresh"], second["refresh"]):
        assert problem(post("refresh/", refresh=token)) == (401, "session_ended")
    assert problem(bearer(second["access"])) == (401, "session_ended")
    assert Session.objects.get().ended_at is not None


def test_two_generations_back_is_never_in_grace(pair):
    second = post("refresh/", refresh=pair["refresh"]).json()
    post("refresh/", refresh=second["refresh"])
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, "token_reused")


def test_a_spent_token_ends_no_other_session(user, pair):
    other = sessions.sign_in_as(user)
    post("refresh/", refresh=pair["refresh"])
    later(GRACE + SECOND)
    post("refresh/", refresh=pair["refresh"])
    assert bearer(other["access"]).status_code == 200


def test_a_session_ends_after_thirty_days_however_often_it_is_refreshed(user, pair):
    begun = claims(pair["refresh"])["iat"]
    Session.objects.update(expires_at=timezone.now() + timedelta(days=30))
    with freeze(timedelta(days=29)):
        late = post("refresh/", refresh=forged(**claims(pair["refresh"]) | {"exp": begun + 40 * 86400})).json()
        assert claims(late["refresh"])["exp"] == begun + 30 * 86400
    with freeze(timedelta(days=30) - timedelta(minutes=1)):
        last = post("refresh/", refresh=late["refresh"]).json()
        assert claims(last["access"])["exp"] <= begun + 30 * 86400
    with freeze(timedelta(days=30) + SECOND):
        assert problem(post("refresh/", refresh=last["refresh"])) == (401, "token_expired")


def test_refreshing_is_one_statement(pair):
    assert statements(lambda: post("refresh/", refresh=pair["refresh"])) == 1
    assert statements(lambda: post("refresh/", refresh=pair["refresh"])) == 2  # within GRACE


def test_refreshing_deletes_old_rows_now_and_then(user, pair, monkeypatch):
    monkeypatch.setattr(sessions, "PRUNE_EVERY", 1)
    sessions.sign_in_as(user)
    Session.objects.exclude(pk=claims(pair["refresh"])["sid"]).update(expires_at=timezone.now() - SECOND)
    post("refresh/", refresh=pair["refresh"])
    assert Session.objects.count() == 1


def test_the_successor_works(pair):
    second = post("refresh/", refresh=pair["refresh"]).json()
    assert post("refresh/", refresh=second["refresh"]).status_code == 200


@pytest.mark.parametrize("name", ["refresh/", "blacklist/"])
@pytest.mark.parametrize("token", ["x", "a.b.c", "ä", "." * 100, "[" * 5000])
def test_an_invalid_refresh_token(db, name, token):
    assert problem(post(name, refresh=token)) == (401, "token_invalid")


def test_an_access_token_does_not_refresh(pair):
    assert problem(post("refresh/", refresh=pair["access"])) == (401, "token_invalid")


@pytest.mark.parametrize(("end", "code"), [("delete", "session_ended"), ("deactivate", "account_closed")])
def test_a_deleted_user_cannot_refresh(user, pair, end, code):
    if end == "delete":
        user.delete()
    else:
        type(user).objects.update(is_active=False)
    assert problem(post("refresh/", refresh=pair["refresh"])) == (401, code)
    assert problem(bearer(pair["access"])) == (401, code)


def test_signing_out_ends_the_session_at_once(pair):
    second = post("refresh/", refresh=pair["refresh"]).json()
    for _ in range(2):
        assert post("blacklist/", refresh=pair["refresh"]).json() == {}
    assert problem(post("refresh/", refresh=second["refresh"])) == (401, "session_ended")
    assert problem(bearer(second["access"])) == (401, "session_ended")
    for token in second.values():
        assert problem(post("verify/", token=token)) == (401, "session_ended")


def test_verify_knows_a_spent_token(pair):
    post("refresh/", refresh=pair["refresh"])
    assert post("verify/", token=pair["refresh"]).json() == {}  # within GRACE
    later(GRACE + SECOND)
    assert problem(post("verify/", token=pair["refresh"])) == (401, "token_invalid")
    assert Session.objects.get().ended_at is None


def test_verify_accepts_both_kinds(pair):
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
    {"sid": ...},
    {"sid": None},
    {"sid": [1]},
    {"sid": "x"},
]
STRANGE_FAMILIES = [
    {name: value}
    for name in ("generation", "ends_at")
    for value in (..., None, "x", [1], {}, -1, 0, 10**30, 1e300, 2**31)
    if (name, value) not in [("ends_at", -1), ("ends_at", 0), ("ends_at", 2**31)]
]


@pytest.mark.parametrize("changes", STRANGE, ids=str)
def test_strange_claims_are_401(db, changes):
    assert problem(bearer(forged(**changes))) == (401, "token_invalid")
    with pytest.raises(InvalidCredential):
        tokens.authenticate(forged(**changes))


@pytest.mark.parametrize("changes", [c for c in STRANGE if c.get("token_type") != "refresh"], ids=str)
def test_strange_claims_in_a_refresh_token_are_401(db, changes):
    assert problem(post("refresh/", refresh=forged(**{"token_type": "refresh", **changes}))) == (401, "token_invalid")


@pytest.mark.parametrize("changes", STRANGE_FAMILIES, ids=str)
@pytest.mark.parametrize("name", ["refresh/", "blacklist/"])
def test_strange_families_are_401(db, changes, name):
    strange = {"token_type": "refresh", "generation": 1, "ends_at": int(time.time()) + 99} | changes
    assert problem(post(name, refresh=forged(**strange))) == (401, "token_invalid")


@pytest.mark.parametrize("claim", ["iat", "nbf"])
def test_a_token_may_be_made_by_a_clock_two_minutes_ahead(user, pair, claim):
    ahead, beyond = (forged(**claims(pair["access"]) | {claim: int(time.time()) + by}) for by in (110, 150))
    assert bearer(ahead).status_code == 200
    assert tokens.authenticate(ahead).user_id == str(user.pk)
    assert problem(bearer(beyond)) == (401, "token_invalid")
    with pytest.raises(InvalidCredential):
        tokens.authenticate(beyond)


def test_the_end_of_a_token_is_never_put_off(pair):
    late = forged(**claims(pair["access"]) | {"exp": int(time.time()) - 1})
    assert problem(bearer(late)) == (401, "token_expired")
    with pytest.raises(ExpiredCredential):
        tokens.authenticate(late)
    spent = forged(**claims(pair["refresh"]) | {"exp": int(time.time()) - 1})
    for name, body in (("refresh/", {"refresh": spent}), ("verify/", {"token": spent})):
        assert problem(post(name, **body)) == (401, "token_expired")


def test_a_header_nested_without_end_is_401(db):
    head = base64.urlsafe_b64encode(b"[" * 3000).decode()
    assert problem(bearer(f"{head}.e30.x")) == (401, "token_invalid")


def test_another_key_or_no_key_signs_nothing(user):
    payload = claims(sessions.sign_in_as(user)["access"])
    assert problem(bearer(jwt.encode(payload, "another key, long enough for SHA-256", "HS256"))) == (
        401,
        "token_invalid",
    )
    assert problem(bearer(jwt.encode(payload, None, "none"))) == (401, "token_invalid")


def test_an_expired_token_is_401_with_its_own_code(user):
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
def test_another_scheme_is_anonymous(db, header):
    assert problem(ContractClient().get(ME, headers={"Authorization": header})) == (401, "not_authenticated")


@pytest.mark.parametrize("header", ["Bearer", "Bearer a b"])
def test_half_a_header_is_401(db, header):
    assert problem(ContractClient().get(ME, headers={"Authorization": header})) == (401, "authentication_failed")


def test_a_socket_is_identified_without_a_query(user, pair, django_assert_num_queries):
    with django_assert_num_queries(0):
        identity = tokens.authenticate(pair["access"])
    expected = claims(pair["access"])
    assert (identity.user_id, identity.session_id) == (str(user.pk), expected["sid"])
    assert identity.expires_at == expected["exp"]


def test_a_request_costs_one_query_for_its_session_and_user(pair, django_assert_num_queries):
    with django_assert_num_queries(1):
        bearer(pair["access"])


def test_a_token_of_another_users_session_opens_nothing(user, pair):
    stranger = str(make_user().pk)
    mixed = forged(user_id=stranger, sid=claims(pair["access"])["sid"])
    assert problem(bearer(mixed)) == (401, "session_ended")
