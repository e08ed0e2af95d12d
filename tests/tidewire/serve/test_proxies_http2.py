"""The proxies of deploy/ with TLS, as they are deployed: HTTP/2 for requests and open responses, WebSockets beside."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.rig.http2 import HTTP2Client
from tests.rig.http_events import EventReader
from tests.rig.proxies import PROXIES
from tests.rig.raw import RawSocket
from tests.rig.rest import API, Person, channel
from tests.rig.site import Server, Site, Sites
from tests.tidewire.serve.http2.encrypted import trusting
from tests.tidewire.serve.served import Served, wait_until
from tidewire.serve.tls import development
from tidewire.serve.tls.certificates import Certificate

pytestmark = pytest.mark.verify

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return development.certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def site(sites: Sites) -> Iterator[Site]:
    """A site in production, as far as TLS is concerned: it takes the proxy's word for the scheme."""
    settings = {
        "TRUSTED_PROXIES": "1",
        "BEHIND_TLS": "on",
        "SECURE_SSL_REDIRECT": "off",
        "MAX_CONNECTIONS_PER_USER": "0",
    }
    site = sites.make("embedded", settings=settings)
    site.servers = list[Server]([Served(site.environment, site.folder / "server.log")])
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module", params=sorted(PROXIES))
def url(
    request: pytest.FixtureRequest, site: Site, pair: Certificate, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The address of the proxy before the site."""
    folder = tmp_path_factory.mktemp("proxy") / request.param
    with PROXIES[request.param](folder, site.server.port, pair=pair) as url:
        yield url


@pytest.fixture
def http(url: str, pair: Certificate) -> Iterator[httpx.Client]:
    with client(url, pair) as http:
        yield http


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture
def room(alice: Person) -> str:
    return alice.make_room()


def client(url: str, pair: Certificate) -> httpx.Client:
    """Returns a client that speaks HTTP/2 and nothing else."""
    return httpx.Client(base_url=url, http2=True, http1=False, verify=trusting(pair.chain), timeout=30, trust_env=False)


def test_documents_and_rest(http: httpx.Client, alice: Person, url: str) -> None:
    signed = {"Authorization": f"Bearer {alice.access}"}
    page = http.get("/api/docs/")
    made = [http.post(f"{API}rooms/", json={"name": name}, headers=signed) for name in ("one", "two")]
    listed = http.get(f"{API}rooms/?limit=1", headers=signed)
    again = http.get(
        f"{API}me/", headers=signed | {"If-None-Match": http.get(f"{API}me/", headers=signed).headers["etag"]}
    )
    refused = http.get(f"{API}rooms/")

    answers = [page, *made, listed, again, refused]
    assert {answer.http_version for answer in answers} == {"HTTP/2"}
    assert [answer.status_code for answer in answers] == [200, 201, 201, 200, 304, 401]
    assert listed.json()["next"].startswith(f"{url}/")
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_body_that_the_server_refuses_while_it_is_sent(url: str, alice: Person) -> None:
    with HTTP2Client(int(url.rpartition(":")[2])) as streams:
        body = b'{"name": "' + b"x" * 5_500_000 + b'"}'
        long = streams.wait(
            streams.request("POST", f"{API}rooms/", body, alice.access, content_type="application/json")
        )

        assert (long.status, long.header("content-type")) == (413, "application/problem+json")
        assert streams.get("/healthz").status == 200


def of_log(alice: Person, room: str) -> tuple[str, str]:
    return f"{API}streams/{channel(room)}/log/?live=sse&offset=now", alice.access


def of_events(alice: Person, room: str) -> tuple[str, str]:
    return f"{API}streams/events/?stream={channel(room)}", alice.access


def of_fallback(alice: Person, room: str) -> tuple[str, str]:
    connect = {"id": 1, "connect": {"token": alice.access}}
    subscribe = {"id": 2, "subscribe": {"channel": channel(room)}}
    return str(
        httpx.URL("/connection/sse", params={"cf_connect": f"{json.dumps(connect)}\n{json.dumps(subscribe)}"})
    ), ""


@pytest.mark.parametrize("opened", [of_log, of_events, of_fallback])
def test_each_event_of_an_open_response_comes_at_once(
    url: str, pair: Certificate, site: Site, alice: Person, room: str, opened: Callable[[Person, str], tuple[str, str]]
) -> None:
    path, token = opened(alice, room)
    reader = EventReader(url + path, token, http=client(url, pair))
    assert (reader.response.status_code, reader.response.http_version) == (200, "HTTP/2")
    assert reader.next() is not None
    for text in ("one", "two"):
        alice.say(room, text)
        while text not in str((reader.next() or pytest.fail("the response has ended")).data):
            pass
    reader.close()


def test_a_hundred_streams_while_a_socket_is_open_on_the_same_port(
    url: str, pair: Certificate, alice: Person, room: str
) -> None:
    """The socket's client reads and writes in two threads, so it has TLS 1.2: docs/http2.md."""
    old = trusting(pair.chain)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    port = int(url.rpartition(":")[2])
    with (
        RawSocket(f"wss://localhost:{port}/connection/websocket", ssl=old) as socket,
        HTTP2Client(port, window=8 * MIB) as streams,
    ):
        socket.connect(alice.access)
        socket.subscribe(channel(room))
        path, token = of_log(alice, room)
        opened = [streams.request("GET", path, token=token) for _ in range(50)]
        assert streams.until(lambda: all(streams.answers[each].status == 200 for each in opened))
        reads = [streams.request("GET", f"{API}me/", token=token) for _ in range(50)]
        streams.wait(*reads)
        alice.say(room, "for all of you")

        assert {streams.answers[each].status for each in reads} <= {200, 429}
        assert streams.until(lambda: all(b"for all of you" in streams.answers[each].body for each in opened))
        assert socket.receive()["push"]["pub"]["data"]["data"]["text"] == "for all of you"


def test_a_stream_that_is_reset_ends_its_response_in_the_server(url: str, site: Site, alice: Person, room: str) -> None:
    path, token = of_log(alice, room)
    with HTTP2Client(int(url.rpartition(":")[2])) as streams:
        opened = [streams.request("GET", path, token=token) for _ in range(10)]
        assert wait_until(lambda: connections(site) == 10)
        for each in opened:
            streams.reset(each)
        assert wait_until(lambda: connections(site) == 0, 15)
        assert streams.get("/healthz").status == 200


def connections(site: Site) -> float:
    text = httpx.get(f"{site.url}/metrics", trust_env=False, timeout=30).text
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("tidewire_connections "))
