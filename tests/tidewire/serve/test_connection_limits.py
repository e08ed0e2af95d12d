"""How many WebSockets, from which addresses, how fast. Loopback is exempt from the limits per address, so the clients
here come through a "proxy"."""

import pytest
from websockets.exceptions import InvalidStatus

from tests.rig.raw import RawSocket
from tests.rig.site import Site
from tests.tidewire.serve.served import wait_until


@pytest.fixture(scope="module")
def site(make_site) -> Site:
    return make_site(
        TRUSTED_PROXIES="1",
        MAX_CONNECTIONS="8",
        MAX_SOCKETS_PER_ADDRESS="4",
        MAX_UNIDENTIFIED_PER_ADDRESS="2",
        MAX_CONNECTIONS_PER_USER="3",
    )


class Crowd:
    """Sockets that are all closed at the end of the test."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.sockets: list[RawSocket] = []

    def connect(self, address: str) -> RawSocket:
        client = RawSocket(self._url, additional_headers={"X-Forwarded-For": address})
        self.sockets.append(client)
        return client

    def refused(self, address: str) -> tuple[int, str | None]:
        with pytest.raises(InvalidStatus) as refusal:
            self.connect(address)
        return refusal.value.response.status_code, refusal.value.response.headers.get("Retry-After")


@pytest.fixture
def crowd(site: Site):
    crowd = Crowd(site.ws_url)
    yield crowd
    for client in crowd.sockets:
        client.close()
    assert wait_until(lambda: is_empty(site))


def is_empty(site: Site) -> bool:
    """Returns whether the server has noticed that all are gone: it then accepts a full number again."""
    probes = Crowd(site.ws_url)
    try:
        for n in range(8):
            probes.connect(f"203.0.113.{n}")
    except InvalidStatus:
        return False
    finally:
        for client in probes.sockets:
            client.close()
    return True


def test_a_full_process_refuses_sockets_and_answers_requests(site: Site, crowd: Crowd) -> None:
    for n in range(8):
        crowd.connect(f"192.0.2.{n}")

    status, retry_after = crowd.refused("192.0.2.9")

    assert (status, retry_after) == (503, "5")
    assert site.server.get("/readyz").status_code == 200
    crowd.sockets.pop().close()
    assert wait_until(lambda: is_accepted(crowd, "192.0.2.9"))


def is_accepted(crowd: Crowd, address: str) -> bool:
    try:
        crowd.connect(address)
    except InvalidStatus:
        return False
    return True


def test_unidentified_sockets_are_limited_per_address(crowd: Crowd) -> None:
    crowd.connect("192.0.2.1")
    crowd.connect("192.0.2.1")

    assert crowd.refused("192.0.2.1")[0] == 503
    crowd.connect("192.0.2.2")


def test_an_authenticated_socket_is_not_unidentified(site: Site, crowd: Crowd) -> None:
    token = site.person("alice").fresh_token()

    for _ in range(3):
        crowd.connect("192.0.2.1").connect(token)
    crowd.connect("192.0.2.1")

    assert crowd.refused("192.0.2.1")[0] == 503  # the fifth


def test_addresses_that_the_client_wrote_into_the_header_are_ignored(crowd: Crowd) -> None:
    """Only the right-most address counts: the proxy saw it."""
    crowd.connect("198.51.100.7, 192.0.2.1")
    crowd.connect("198.51.100.8, 192.0.2.1")

    assert crowd.refused("198.51.100.9, 192.0.2.1")[0] == 503


def test_the_oldest_of_too_many_sockets_of_a_user_is_closed(site: Site, crowd: Crowd) -> None:
    token = site.person("bob").fresh_token()
    clients = [crowd.connect(f"192.0.2.{n}") for n in range(4)]
    for client in clients:
        client.connect(token)

    assert clients[0].close_code() == 3504
    clients[1].send({"id": 9, "unsubscribe": {"channel": "room:none"}})
    assert "unsubscribe" in clients[1].reply(9)


def test_sockets_are_accepted_at_a_limited_rate(make_site) -> None:
    site = make_site(ACCEPTS_PER_SECOND="0.5", ACCEPT_BURST="3")
    crowd = Crowd(site.ws_url)
    for _ in range(3):
        crowd.connect("127.0.0.1")

    assert crowd.refused("127.0.0.1") == (503, "2")
    assert wait_until(lambda: is_accepted(crowd, "127.0.0.1"))
    for client in crowd.sockets:
        client.close()
