"""The orderly end: sockets are closed with the reconnect code, requests are finished, the exit status is 0."""

import itertools
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.tidewire.serve.served import Served, read_all, status, wait_until

SHUTDOWN = 3001


@pytest.fixture
def site(make_site) -> Site:
    """A site that the test may end."""
    return make_site(DRAIN_SECONDS="1.0", MAX_CONNECTIONS_PER_USER="0")


def connected(site: Site, person: Person, count: int) -> list[RawSocket]:
    token = person.fresh_token()
    clients = [RawSocket(site.ws_url) for _ in range(count)]
    for client in clients:
        client.connect(token)
    return clients


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_hundred_sockets_get_the_code_spread_over_time(site: Site, number: int) -> None:
    clients = connected(site, site.person("alice"), 100)
    started = time.monotonic()

    site.server.drain(number)
    with ThreadPoolExecutor(100) as pool:
        closed = list(pool.map(lambda client: (client.close_code(), time.monotonic() - started), clients))

    assert {code for code, _ in closed} == {SHUTDOWN}
    assert site.server.wait_for_end() == 0
    moments = sorted(at for _, at in closed)
    assert 0.5 < moments[-1] - moments[0] < 3
    assert all(later - earlier < 0.5 for earlier, later in itertools.pairwise(moments))


def test_a_client_that_does_not_answer_the_close_delays_the_end_briefly(site: Site) -> None:
    alice = site.person("alice")
    client = connected(site, alice, 1)[0]  # does not read from here on
    started = time.monotonic()

    site.server.drain()

    assert site.server.wait_for_end() == 0
    assert time.monotonic() - started < 8
    assert client.close_code() == SHUTDOWN


def test_an_unidentified_socket_gets_the_code_too(site: Site) -> None:
    with RawSocket(site.ws_url) as client:
        site.server.drain()

        assert client.close_code() == SHUTDOWN
    assert site.server.wait_for_end() == 0


def test_readiness_ends_first(site: Site) -> None:
    """Asked on a connection that is open already: no new one is accepted."""
    connected(site, site.person("alice"), 30)  # closing them takes a while
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as busy:
        busy.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n")  # in the middle of a request
        time.sleep(0.2)
        site.server.drain()
        assert wait_until(lambda: not accepts(site.server))
        busy.sendall(b"\r\n")
        answer = read_all(busy)

    assert status(answer) == 503
    assert b'"draining"' in answer
    assert b"connection: close" in answer.lower()


def accepts(served: Served) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", served.port)) == 0


def test_requests_in_flight_are_finished(site: Site) -> None:
    alice = site.person("alice")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(alice.send, "POST", "users/", NEW_USER, signed=False)  # hashes a password: slow on purpose
        time.sleep(0.15)
        site.server.drain()
        answer = slow.result()

    assert answer.status_code == 201
    assert site.server.wait_for_end() == 0


NEW_USER = {"email": "new@example.com", "name": "new", "password": "a long passphrase 9"}


def test_events_written_before_the_end_are_recovered_after_it(site: Site) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    client = connected(site, alice, 1)[0]
    subscribed = client.subscribe(channel(room))["subscribe"]

    said = [alice.say(room, str(n))["text"] for n in range(5)]
    site.server.drain()
    assert client.close_code() == SHUTDOWN
    assert site.server.wait_for_end() == 0

    site.server.start()
    again = connected(site, alice, 1)[0]
    reply = again.subscribe(channel(room), recover=True, epoch=subscribed["epoch"], offset=subscribed.get("offset", 0))
    assert reply["subscribe"]["recovered"]
    assert [each["data"]["data"]["text"] for each in reply["subscribe"]["publications"]] == said


def test_a_second_signal_ends_it_at_once(make_site) -> None:
    site = make_site(DRAIN_SECONDS="60", MAX_CONNECTIONS_PER_USER="0")
    connected(site, site.person("alice"), 200)  # four seconds' worth
    site.server.drain()
    time.sleep(0.3)
    site.server.drain()

    assert site.server.wait_for_end(2) == 0


def test_a_process_without_any_request_ends_too(make_site) -> None:
    """Its engine has not started, and the drain must not start it."""
    site = make_site("grown", DRAIN_SECONDS="1.0")
    site.server.drain()
    assert site.server.wait_for_end() == 0

    site.server.start(wait=False)
    assert wait_until(lambda: site.server.log.read_text().count("serving, process") == 2, 60)
    site.server.drain()

    assert site.server.wait_for_end() == 0


def test_without_clients_the_end_is_immediate(site: Site) -> None:
    started = time.monotonic()
    site.server.drain()

    assert site.server.wait_for_end() == 0
    assert time.monotonic() - started < 4
