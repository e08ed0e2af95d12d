"""Wrong passwords are counted once for all processes and all doors, by account and network."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.rig.rest import Person
from tests.rig.site import Site
from tests.scenarios.conftest import People

STRANGER, HOME = "198.51.100.9", "203.0.113.7"

pytestmark = [
    pytest.mark.site(settings={"TRUSTED_PROXIES": "1"}, own_redis=True),
    pytest.mark.shown_on("grown"),  # the counters of several processes hold for one
]


@pytest.fixture
def strangers(site: Site) -> Iterator[list[httpx.Client]]:
    """A client of the stranger's for each process."""
    clients = [client(server.url, STRANGER) for server in site.servers]
    yield clients
    for one in clients:
        one.close()


def client(url: str, address: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"X-Forwarded-For": address}, timeout=30, trust_env=False)


def sign_in(http: httpx.Client, person: Person, password: str) -> httpx.Response:
    return http.post("/api/v1/token/", json={"email": person.email, "password": password})


def sign_in_to_the_admin(http: httpx.Client, person: Person, password: str) -> httpx.Response:
    page = http.get("/admin/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token
    form = {"csrfmiddlewaretoken": token[1], "username": person.email, "password": password}
    return http.post("/admin/login/", data=form, headers={"Referer": str(page.url)})


def test_a_stranger_is_kept_out_at_every_door_and_the_owner_at_none(
    site: Site, people: People, strangers: list[httpx.Client]
) -> None:
    alice = people[0]
    for number in range(5):
        wrong = sign_in(strangers[number % len(strangers)], alice, "wrong")
        assert wrong.status_code == 401
    for stranger in strangers:
        refused = sign_in(stranger, alice, alice.password)
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
        assert 0 < int(refused.headers["Retry-After"]) <= 15
        refused = sign_in_to_the_admin(stranger, alice, alice.password)
        assert (refused.status_code, refused.json()["code"]) == (429, "throttled")
    with client(site.server.url, HOME) as at_home:
        assert sign_in(at_home, alice, alice.password).status_code == 200
        assert sign_in_to_the_admin(at_home, alice, "wrong").status_code == 200  # the form again, with an error
