"""`serve` with TLS and without a proxy, in production: SERVES_TLS."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.rig.raw import RawSocket
from tests.tidewire.serve.http2.conftest import MakeEncrypted
from tests.tidewire.serve.http2.encrypted import Encrypted, trusting


@pytest.fixture(scope="module")
def in_production(make_encrypted: MakeEncrypted) -> Encrypted:
    return make_encrypted(
        TIDEWIRE_MODE="production",
        SERVES_TLS="on",
        ALLOWED_HOSTS="localhost",
        SECRET_KEY=secrets.token_urlsafe(48),
        JWT_SIGNING_KEY=secrets.token_urlsafe(48),
        LAME_DUCK_SECONDS="0",
        REQUESTS_PER_USER="30",
    )


@pytest.fixture(params=[True, False], ids=["HTTP/2", "HTTP/1.1"])
def http(request: pytest.FixtureRequest, in_production: Encrypted) -> Iterator[httpx.Client]:
    with in_production.client(http2=request.param) as http:
        yield http


def test_answers_bind_the_host_to_tls_and_cookies_are_secure(http: httpx.Client) -> None:
    page = http.get("/admin/login/")

    assert page.status_code == 200  # and no redirect to where it is already
    assert page.headers["strict-transport-security"].startswith("max-age=31536000")
    assert "; Secure" in page.headers["set-cookie"]


def test_no_header_of_a_client_says_what_the_scheme_or_its_address_is(
    http: httpx.Client, in_production: Encrypted
) -> None:
    person = in_production.person("alice")
    for name in ("one", "two"):
        person.make_room(name)
    forged = {"X-Forwarded-Proto": "http", "X-Forwarded-For": "203.0.113.99", "Forwarded": "proto=http"}

    listed = http.get("/api/v1/rooms/?limit=1", headers={"Authorization": f"Bearer {person.access}", **forged})

    assert listed.status_code == 200
    assert listed.json()["next"].startswith(f"{in_production.url}/")
    assert "203.0.113.99" not in in_production.log.read_text()
    person.close()


def test_a_page_of_the_same_host_and_port_may_connect_and_no_other(in_production: Encrypted) -> None:
    context = trusting(in_production.certificate)
    with RawSocket(in_production.ws_url, ssl=context, additional_headers={"Origin": in_production.url}) as socket:
        socket.send({"id": 1, "connect": {"token": "forged"}})
        assert socket.close_code() >= 3000
    with pytest.raises(InvalidStatus, match="403"):
        RawSocket(in_production.ws_url, ssl=context, additional_headers={"Origin": "https://evil.example"})


def test_a_quota_is_one_for_both_protocols(in_production: Encrypted) -> None:
    """What is spent over HTTP/2 is spent over HTTP/1.1, and both answers say alike when to try again."""
    person = in_production.person("bob")
    signed = {"Authorization": f"Bearer {person.access}"}
    with in_production.client() as new, in_production.client(http2=False) as old:
        statuses = [new.get("/api/v1/me/", headers=signed).status_code for _ in range(35)]
        refused = [http.get("/api/v1/me/", headers=signed) for http in (new, old)]

    assert set(statuses) == {200, 429}
    assert [answer.status_code for answer in refused] == [429, 429]
    assert [answer.http_version for answer in refused] == ["HTTP/2", "HTTP/1.1"]
    new_seconds, old_seconds = (int(answer.headers["retry-after"]) for answer in refused)
    assert 0 <= new_seconds - old_seconds <= 1
    person.close()
