"""Bounds on guessing passwords, at every door; and on hashing them."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.hashers import MD5PasswordHasher, make_password
from django.db import transaction
from django.test import Client
from django.utils.module_loading import import_string

from api.auth import addresses, hashers, request_counters, sessions, throttles
from api.auth.hashers import HashingBusy
from api.models import KnownNetwork, User
from api.rest.page_quotas import PROBES
from backend.api_settings import PASSWORD_HASHERS
from tests.api.conftest import Person, problem
from tests.contract.test_page_quotas import addresses as all_addresses
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, make_user

pytestmark = pytest.mark.shown_on("sqlite")

PASSWORD_URL = "/api/v1/me/password/"
NEW = "quite another password"
ALICE, STRANGER, HOME = "alice@example.com", "192.0.2.1", "198.51.100.7"


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(request_counters.time, "monotonic", lambda: now[0])
    return now


@pytest.fixture
def alice(db) -> Person:
    return Person(make_user("Alice", email=ALICE))


def guess(email: str = ALICE, password: str = "wrong", address: str = STRANGER) -> Any:
    return ContractClient(REMOTE_ADDR=address).post("/api/v1/token/", {"email": email, "password": password})


def spend(email: str = ALICE, address: str = STRANGER, number: int = 5) -> None:
    for _ in range(number):
        assert problem(guess(email, address=address)) == (401, "credentials_invalid")


# -- one network ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("email", [ALICE, "nobody@example.com"])
def test_five_guesses_whether_the_account_exists_or_not(alice, clock, email):
    spend(email.upper())
    refused = guess(email, PASSWORD)
    assert problem(refused) == (429, "throttled")
    assert refused["Retry-After"] == "15"
    clock[0] += 15
    assert guess(email).status_code == 401


@pytest.mark.parametrize("email", [ALICE, "nobody@example.com"])
def test_the_wait_grows_with_every_wrong_password(alice, clock, email):
    spend(email)
    waits = []
    for _ in range(8):
        waits.append(int(guess(email)["Retry-After"]))
        clock[0] += waits[-1]
        assert guess(email).status_code == 401
    assert waits == [15, 30, 60, 120, 240, 480, 900, 900]


def test_attempts_during_the_wait_do_not_make_it_longer(alice, clock):
    spend()
    for _ in range(10):
        assert guess()["Retry-After"] == "15"
    clock[0] += 15
    assert guess(password=PASSWORD).status_code == 200


def test_the_right_password_is_never_throttled(alice):
    for _ in range(25):
        assert guess(password=PASSWORD).status_code == 200


def test_a_right_guess_does_not_reset_the_wrong_ones(alice):
    spend(number=4)
    assert guess(password=PASSWORD).status_code == 200
    assert guess().status_code == 401
    assert guess(password=PASSWORD).status_code == 429


def test_a_right_guess_after_the_wait_leaves_no_wait(alice, clock):
    spend()
    clock[0] += 15
    assert [guess(password=PASSWORD).status_code for _ in range(3)] == [200, 200, 200]


def test_twenty_guesses_a_minute_from_one_network(db, clock):
    for number in range(20):
        assert guess(f"{number}@example.com").status_code == 401
    assert problem(guess("20@example.com")) == (429, "throttled")
    assert guess("20@example.com", address="192.0.2.2").status_code == 401
    clock[0] += 60
    assert guess("20@example.com").status_code == 401


def test_a_network_is_one_guesser(rf):
    def network(address: str) -> str:
        return addresses.network_of(rf.get("/", REMOTE_ADDR=address))

    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert network("::ffff:192.0.2.1") == network("192.0.2.1") != network("192.0.2.2")
    assert network("") == network("unix:")[:0] == ""


# -- other networks ---------------------------------------------------------------------------------------------------


def test_a_strangers_guesses_do_not_keep_the_owner_out(alice):
    """Neither from a network that is known nor from a new one."""
    spend()
    assert problem(guess(password=PASSWORD)) == (429, "throttled")
    assert guess(password=PASSWORD, address=HOME).status_code == 200


def test_many_networks_together_are_bounded_and_a_known_one_goes_in(alice, monkeypatch):
    monkeypatch.setattr(throttles, "PER_ACCOUNT_EVERYWHERE", 12)
    assert guess(password=PASSWORD, address=HOME).status_code == 200
    for number in range(12):
        assert guess(address=f"203.0.113.{number}").status_code == 401
    refused = guess(address="203.0.113.99")
    assert problem(refused) == (429, "throttled")
    assert 0 < int(refused["Retry-After"]) <= 3600
    assert [guess(password=PASSWORD, address=HOME).status_code for _ in range(3)] == [200, 200, 200]
    spend(address=HOME)  # its own wrong passwords are counted, too
    assert guess(password=PASSWORD, address=HOME).status_code == 429


def test_an_unknown_account_is_bounded_like_a_known_one(alice, monkeypatch):
    monkeypatch.setattr(throttles, "PER_ACCOUNT_EVERYWHERE", 3)
    for email in (ALICE, "nobody@example.com"):
        answers = [guess(email, address=f"203.0.113.{number}") for number in range(4)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429]


def test_other_guesses_from_the_owners_network_do_not_keep_the_owner_out(alice):
    guess(password=PASSWORD, address=HOME)
    for number in range(21):
        guess(f"{number}@example.com", address=HOME)
    assert guess("21@example.com", address=HOME).status_code == 429
    assert guess(password=PASSWORD, address=HOME).status_code == 200


def test_a_network_is_known_for_a_month(alice, monkeypatch):
    guess(password=PASSWORD, address=HOME)
    network = throttles.hashed("network", HOME)
    assert KnownNetwork.objects.is_known(ALICE, network)
    assert not KnownNetwork.objects.is_known(ALICE, throttles.hashed("network", STRANGER))
    known = KnownNetwork.objects.get()
    KnownNetwork.objects.update(seen_at=known.seen_at - timedelta(days=29))
    assert guess(password=PASSWORD, address=HOME).status_code == 200
    assert KnownNetwork.objects.get().seen_at > known.seen_at - timedelta(days=1)
    KnownNetwork.objects.update(seen_at=known.seen_at - timedelta(days=31))
    assert not KnownNetwork.objects.is_known(ALICE, network)
    assert KnownNetwork.objects.prune() == 1


def test_an_account_has_a_bounded_number_of_known_networks(alice, monkeypatch):
    monkeypatch.setattr("api.models.known_networks.MAX_NETWORKS", 3)
    for number in range(5):
        KnownNetwork.objects.note(alice.user.pk, f"network {number}")
    assert set(KnownNetwork.objects.values_list("network", flat=True)) == {f"network {n}" for n in (2, 3, 4)}


# -- what is shown ----------------------------------------------------------------------------------------------------


def test_the_answer_is_the_same_for_known_and_unknown_accounts(alice):
    bodies = [guess(email).json() | {"instance": ""} for email in (ALICE, "nobody@example.com")]
    assert bodies[0] == bodies[1]


def test_one_hash_is_made_for_known_and_unknown_accounts(alice, monkeypatch):
    made, encode = [], MD5PasswordHasher.encode
    monkeypatch.setattr(MD5PasswordHasher, "encode", lambda self, *a, **k: (made.append(1), encode(self, *a, **k))[1])
    closed = make_user("Closed", is_active=False)
    for email in (ALICE, "nobody@example.com", closed.email):
        made.clear()
        assert guess(email).status_code == 401
        assert len(made) == 1


def test_neither_addresses_nor_names_are_stored(alice):
    guess(password=PASSWORD)
    guess()
    keys = [key.removeprefix("hold:") for key in request_counters.counter()._windows]
    assert len(keys) == 3
    assert all(len(key) == 64 and key.isalnum() for key in [*keys, KnownNetwork.objects.get().network])


# -- every door -------------------------------------------------------------------------------------------------------


class RecordingHasher(MD5PasswordHasher):
    """Remembers that a password was compared, and that one was hashed."""

    calls: list[str] = []

    def verify(self, password: str, encoded: str) -> bool:
        self.calls.append("verify")
        return super().verify(password, encoded)

    def encode(self, password: str, salt: str) -> str:
        self.calls.append("encode")
        return super().encode(password, salt)


FIELDS = {
    "email": ALICE,
    "username": ALICE,
    "name": "Alice",
    **dict.fromkeys(("password", "current_password", "old_password", "password0"), "wrong"),
    **dict.fromkeys(("new_password", "new_password1", "new_password2", "password1", "password2"), NEW),
    "usable_password": "true",
}
"""What a view may be sent where it takes a password. Each door reads those that it knows."""

NEW_ACCOUNT = {"email": "new@example.com", "password": NEW}

COMPARES = {"/api/v1/token/", "/api/v1/me/password/", "/admin/login/", "/admin/password_change/"}
HASHES = {"/api/v1/users/", "/admin/api/user/add/", "/admin/api/user/{alice}/password/"}


@pytest.fixture
def knock(alice, settings) -> Any:
    """A function that sends FIELDS to an address in each way that Alice could, and returns the answers."""
    settings.PASSWORD_HASHERS = [f"{__name__}.RecordingHasher"]
    hashed = make_password(PASSWORD)

    def knock(path: str) -> list[Any]:
        with transaction.atomic():  # at some addresses of the admin, she closes or deletes her own account
            answers = knock_at(path)
            transaction.set_rollback(True)
        return answers

    def knock_at(path: str) -> list[Any]:
        User.objects.filter(pk=alice.id).update(password=hashed, is_staff=True, is_superuser=True)
        user = User.objects.get(pk=alice.id)
        headers = {"Authorization": f"Bearer {sessions.sign_in_as(user)['access']}"}
        stranger, page, api = (Client(REMOTE_ADDR=STRANGER, raise_request_exception=False) for _ in range(3))
        page.force_login(user)
        body = FIELDS | NEW_ACCOUNT if is_new(path) else FIELDS
        RecordingHasher.calls.clear()
        return [
            *(client.post(path, body) for client in (stranger, page)),
            *(
                getattr(client, method)(path, body, content_type="application/json", headers=sent)
                for client, sent in ((stranger, {}), (api, headers))
                for method in ("post", "put", "patch")
            ),
        ]

    return knock


def doors(alice: Person) -> list[str]:
    """Returns every address of the project but the probes, which read no body. Where one names an object, it is
    Alice."""
    nobody = "00000000-0000-7000-8000-000000000000"
    paths = {path.replace(nobody, alice.id) for path in {*all_addresses()} - PROBES}
    return sorted(path.replace("/user/x/", f"/user/{alice.id}/") for path in paths)


def is_new(path: str) -> bool:
    """Whether the address makes an account, which has an e-mail address of its own."""
    return path in ("/api/v1/users/", "/admin/api/user/add/")


@pytest.mark.slow
def test_every_view_that_compares_a_password_shares_one_count(alice, knock):
    """Finds the views by knocking at all, then spends the count at one door and knocks again."""
    logging.disable(logging.ERROR)
    compare, hash = set(), set()
    for path in doors(alice):
        request_counters.counter.cache_clear()
        knock(path)
        if "verify" in RecordingHasher.calls:
            compare.add(path)
        elif RecordingHasher.calls:
            hash.add(path.replace(alice.id, "{alice}"))
    assert compare == COMPARES
    assert hash == HASHES
    for spent in sorted(compare):
        request_counters.counter.cache_clear()
        for _ in range(5):
            knock(spent)
        for path in sorted(compare):
            refused = [answer for answer in knock(path) if answer.status_code == 429]
            assert refused, (spent, path)
            assert {answer.json()["code"] for answer in refused} == {"throttled"}
            assert all(int(answer["Retry-After"]) > 0 for answer in refused)
            assert RecordingHasher.calls == [], (spent, path)
    logging.disable(logging.NOTSET)


def test_the_admin_counts_as_the_api_does(alice):
    User.objects.filter(pk=alice.id).update(is_staff=True)
    stranger = Client(REMOTE_ADDR=STRANGER)
    for _ in range(5):
        assert stranger.post("/admin/login/", {"username": ALICE, "password": "wrong"}).status_code == 200
    for password in ("wrong", PASSWORD):
        refused = stranger.post("/admin/login/", {"username": ALICE, "password": password})
        assert (refused.status_code, refused.json()["code"], refused["Retry-After"]) == (429, "throttled", "15")
    assert guess(password=PASSWORD).status_code == 429
    at_home = Client(REMOTE_ADDR=HOME)
    assert at_home.post("/admin/login/?next=/admin/", {"username": ALICE, "password": PASSWORD}).status_code == 302
    assert at_home.get("/admin/").status_code == 200
    assert KnownNetwork.objects.is_known(ALICE, throttles.hashed("network", HOME))


def test_my_own_password_is_not_guessed_either(alice):
    for _ in range(5):
        alice.post(PASSWORD_URL, {"current_password": "x", "new_password": NEW})
    response = alice.post(PASSWORD_URL, {"current_password": PASSWORD, "new_password": NEW})
    assert problem(response) == (429, "throttled")


def test_outside_of_requests_nothing_is_counted(alice):
    user = User.objects.get(pk=alice.id)
    assert [user.check_password("wrong") for _ in range(9)] == [False] * 9
    assert user.check_password(PASSWORD)
    assert not KnownNetwork.objects.exists()


def test_the_asynchronous_comparison_is_the_same(alice):
    assert async_to_sync(alice.user.acheck_password)(PASSWORD)
    assert not async_to_sync(alice.user.acheck_password)("wrong")


# -- hashing ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def one_place(settings, monkeypatch) -> hashers.Places:
    settings.PASSWORDS_AT_ONCE = 1
    settings.PASSWORD_HASHERS = ["api.auth.hashers.PBKDF2PasswordHasher"]
    monkeypatch.setattr(hashers.PBKDF2PasswordHasher, "iterations", 1000)
    monkeypatch.setattr(hashers, "MAX_WAITING", 0)
    monkeypatch.setattr(hashers, "places", hashers.Places())
    return hashers.places


def test_the_configured_hashers_are_bounded():
    assert all(issubclass(import_string(name), hashers.Bounded) for name in PASSWORD_HASHERS)


@pytest.mark.parametrize("path", sorted(COMPARES | HASHES))
def test_without_a_place_every_door_answers_503_and_counts_no_attempt(alice, one_place, path):
    User.objects.filter(pk=alice.id).update(password=make_password(PASSWORD), is_staff=True, is_superuser=True)
    page, api = Client(REMOTE_ADDR=STRANGER), Client(REMOTE_ADDR=STRANGER)
    page.force_login(User.objects.get(pk=alice.id))
    path, headers = path.format(alice=alice.id), {"Authorization": f"Bearer {alice.token}"}
    body = FIELDS | NEW_ACCOUNT if is_new(path) else FIELDS

    def knock() -> Any:
        if path.startswith("/admin/"):
            return (Client(REMOTE_ADDR=STRANGER) if "login" in path else page).post(path, body)
        return api.post(path, body, content_type="application/json", headers=headers if "/me/" in path else {})

    with one_place.place():
        answers = [knock() for _ in range(6)]
    assert {(answer.status_code, answer.json()["code"], answer["Retry-After"]) for answer in answers} == {
        (503, "busy", "1")
    }
    assert knock().status_code in (200, 201, 302, 400, 401)
    assert not one_place._networks


def test_a_known_network_waits_also_where_the_queue_is_full(alice, one_place, monkeypatch):
    """One from another network is refused at once, also with the right password."""
    User.objects.filter(pk=alice.id).update(password=make_password(PASSWORD))
    assert guess(password=PASSWORD, address=HOME).status_code == 200
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    waits, wait_for = [], one_place._changed.wait_for
    monkeypatch.setattr(one_place._changed, "wait_for", lambda *given: (waits.append(given[1]), wait_for(*given))[1])
    with one_place.place():
        assert guess(password=PASSWORD).status_code == 503
        assert waits == []
        assert guess(password=PASSWORD, address=HOME).status_code == 503
        assert waits == [0.01]
    assert guess(password=PASSWORD, address=HOME).status_code == 200
    assert not one_place._networks


def test_a_few_wait_and_the_others_are_refused(settings, monkeypatch):
    settings.PASSWORDS_AT_ONCE = 1
    monkeypatch.setattr(hashers, "MAX_WAITING", 1)
    places, order, is_waiting = hashers.Places(), [], threading.Event()

    def wait() -> None:
        is_waiting.set()
        with places.place():
            order.append("waited")

    with places.place():
        thread = threading.Thread(target=wait)
        thread.start()
        assert is_waiting.wait(10)
        while not places._waiting:  # it has its turn within microseconds
            pass
        with pytest.raises(HashingBusy), places.place():
            pass
        order.append("first")
    thread.join(10)
    assert order == ["first", "waited"]


def test_the_wait_for_a_place_ends(settings, monkeypatch, rf):
    settings.PASSWORDS_AT_ONCE = 1
    monkeypatch.setattr(hashers, "WAIT_SECONDS", 0.01)
    places, request = hashers.Places(), rf.get("/", REMOTE_ADDR=STRANGER)

    def wait(request: Any) -> Any:
        with pytest.raises(HashingBusy), places.place():
            pass

    with places.place():
        addresses.ClientMiddleware(wait)(request)
        assert places._waiting == 0
    assert not places._networks


def test_one_network_does_not_hold_all_places(settings, monkeypatch, rf):
    settings.PASSWORDS_AT_ONCE = 10
    monkeypatch.setattr(hashers, "MAX_PER_NETWORK", 1)
    places = hashers.Places()

    def both(request: Any) -> Any:
        with places.place():
            with pytest.raises(HashingBusy), places.place():
                pass
            addresses.ClientMiddleware(one)(rf.get("/", REMOTE_ADDR=HOME))

    def one(request: Any) -> Any:
        with places.place():
            pass

    addresses.ClientMiddleware(both)(rf.get("/", REMOTE_ADDR=STRANGER))
    assert not places._networks
