"""Requests over HTTP/2: what a view sees and a client gets is what HTTP/1.1 would show."""

from __future__ import annotations

import json
import subprocess
import time

import pytest

from tests.rig.http2 import HTTP2Client, tls_connection
from tests.rig.raw import RawSocket
from tests.rig.rest import API, Person
from tests.rig.site import ROOT
from tests.tidewire.serve.http2.conftest import MakeEncrypted
from tests.tidewire.serve.http2.encrypted import Encrypted, trusting
from tests.tidewire.serve.served import read_all
from tidewire.ground.conf import DEFAULTS

MIB = 1024 * 1024


def curl(served: Encrypted, *arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--cacert", str(served.certificate), "--max-time", "15", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_alpn_chooses_http_2_where_the_client_offers_it_and_http_1_1_otherwise(served: Encrypted) -> None:
    with tls_connection(served.port, protocols=("h2", "http/1.1")) as both:
        assert both.selected_alpn_protocol() == "h2"
    with tls_connection(served.port, protocols=("http/1.1",)) as old:
        assert old.selected_alpn_protocol() == "http/1.1"
        old.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert read_all(old).startswith(b"HTTP/1.1 200 OK")
    with tls_connection(served.port, protocols=("spdy/3",)) as odd:
        assert odd.selected_alpn_protocol() is None
        odd.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert read_all(odd).startswith(b"HTTP/1.1 200 OK")


@pytest.mark.parametrize(("option", "version"), [("--http2", "2"), ("--http1.1", "1.1")])
def test_curl_gets_documents_and_problem_documents(served: Encrypted, option: str, version: str) -> None:
    written = "%{http_version} %{http_code} %{content_type}"

    page = curl(served, option, "--output", "/dev/null", "--write-out", written, f"{served.url}/api/docs/")
    refused = curl(served, option, "--write-out", "\n" + written, f"{served.url}{API}rooms/")

    assert page.startswith(f"{version} 200 text/html")
    document, _, line = refused.rpartition("\n")
    assert line == f"{version} 401 application/problem+json"
    assert json.loads(document)["code"] == "not_authenticated"


def test_node_reads_and_writes(served: Encrypted, alice: Person) -> None:
    """Node closes its session behind the request, with a GOAWAY, and waits for the answer that is on its way."""
    program = """
        const http2 = require("node:http2"), fs = require("node:fs");
        const [address, certificate, token] = process.argv.slice(1);
        const session = http2.connect(address, { ca: fs.readFileSync(certificate) });
        const request = session.request({ ":method": "POST", ":path": "/api/v1/rooms/",
            "content-type": "application/json", authorization: `Bearer ${token}` });
        request.on("response", (headers) => console.log(headers[":status"], headers["content-type"]));
        request.resume();
        request.end(JSON.stringify({ name: "by node", kind: "private" }));
        request.on("ready", () => session.close());
    """
    done = subprocess.run(
        ["node", "-e", program, "--", served.url, str(served.certificate), alice.access],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        cwd=ROOT,
    )

    assert done.stdout == "201 application/json\n", done.stderr


def test_a_person_writes_reads_and_revalidates(served: Encrypted, alice: Person) -> None:
    room = alice.make_room("over HTTP/2")
    posted = alice.send("POST", f"rooms/{room}/messages/", {"text": "hello"})
    listed = alice.send("GET", f"rooms/{room}/messages/")
    again = alice.send("GET", f"rooms/{room}/messages/", headers={"If-None-Match": listed.headers["etag"]})
    with HTTP2Client(served.port) as client:
        head = client.wait(client.request("HEAD", f"{API}rooms/{room}/messages/", token=alice.access))

    assert posted.http_version == "HTTP/2"
    assert posted.status_code == 201
    assert [each["text"] for each in listed.json()["results"]] == ["hello"]
    assert (again.status_code, again.content) == (304, b"")
    assert (head.status, head.body) == (200, b"")
    assert head.header("content-length") == listed.headers["content-length"]


def test_every_answer_has_a_date_and_a_request_id_and_its_log_line_names_the_protocol(served: Encrypted) -> None:
    with HTTP2Client(served.port) as client:
        answer = client.get(f"{API}rooms/")

    assert answer.header("date")
    request_id = answer.header("x-request-id")
    line = next(line for line in served.log.read_text().splitlines() if request_id in line)
    assert "protocol=2" in line
    assert not {"connection", "transfer-encoding", "keep-alive"} & {name for name, _ in answer.headers}


def test_the_host_is_the_authority(served: Encrypted, alice: Person) -> None:
    with HTTP2Client(served.port) as client:
        assert client.get("/api/v1/me/", alice.access, authority="evil.example").status == 400
        assert client.get("/api/v1/me/", alice.access, authority="localhost").status == 200


def test_the_scheme_is_https_and_a_foreign_origin_gets_no_leave(served: Encrypted, alice: Person) -> None:
    for name in ("first", "second"):
        alice.make_room(name)
    with HTTP2Client(served.port) as client:
        page = client.get("/api/v1/rooms/?limit=1", alice.access)
        foreign = client.get("/api/v1/me/", origin="https://evil.example")

    assert json.loads(bytes(page.body))["next"].startswith("https://localhost/")
    assert (foreign.status, foreign.header("access-control-allow-origin")) == (401, "")


def test_a_socket_that_the_server_closes_is_closed_at_once(served: Encrypted) -> None:
    socket = RawSocket(served.ws_url, ssl=trusting(served.certificate))
    try:
        started = time.monotonic()
        socket.send({"id": 1, "connect": {"token": "forged"}}, {"id": 2, "nothing": {}})

        assert socket.close_code() >= 3000
        assert time.monotonic() - started < 4
    finally:
        socket.close()


def test_the_address_of_a_client_behind_a_proxy_is_the_forwarded_one(make_encrypted: MakeEncrypted) -> None:
    served = make_encrypted(TRUSTED_PROXIES="1")
    with HTTP2Client(served.port, address="203.0.113.7") as client:
        client.get("/api/v1/me/")

    assert "address=203.0.113.7" in served.log.read_text()


# -- bodies ------------------------------------------------------------------------------------------------------------


def test_a_body_without_a_length_is_read(served: Encrypted, alice: Person) -> None:
    with HTTP2Client(served.port) as client:
        body = json.dumps({"name": "no length", "kind": "private"}).encode()
        stream = client.request(
            "POST", "/api/v1/rooms/", body[:10], alice.access, ends=False, content_type="application/json"
        )
        client.send_body(stream, body[10:])

        assert client.wait(stream).status == 201


@pytest.mark.parametrize("sent", [b"{}", b"{}" * 50])
def test_a_body_of_another_length_than_announced_ends_its_stream_alone(served: Encrypted, sent: bytes) -> None:
    with HTTP2Client(served.port) as client:
        other = client.request("POST", "/api/v1/token/", b"{", ends=False, content_type="application/json")
        wrong = client.request("POST", "/api/v1/token/", sent, content_type="application/json", content_length="30")

        assert client.wait(wrong).reset == 1  # PROTOCOL_ERROR
        client.send_body(other, b"}")
        assert client.wait(other).status == 400


def test_a_body_at_the_limit_is_read_and_one_above_it_is_refused_before_it_is_sent(served: Encrypted) -> None:
    limit = DEFAULTS["MAX_BODY_BYTES"]
    with HTTP2Client(served.port) as client:
        read = client.request("POST", "/api/v1/rooms/", b"x" * limit, content_type="application/json")
        assert client.wait(read).status == 401  # the body was read, and authentication answered

        announced = client.request("POST", "/api/v1/rooms/", ends=False, content_length=str(limit + 1))
        refused = client.wait(announced)
        counted = client.wait(client.request("POST", "/api/v1/rooms/", b"x" * (limit + 1)))

    assert (refused.status, refused.header("content-type")) == (413, "application/problem+json")
    assert json.loads(bytes(refused.body))["code"] == "too_large"
    assert counted.status == 413


def test_100_continue_comes_before_a_body_that_may_come(served: Encrypted) -> None:
    with HTTP2Client(served.port) as client:
        good = client.request("POST", "/api/v1/rooms/", ends=False, expect="100-continue", content_length="2")
        assert client.until(lambda: client.answers[good].informational == [100])
        client.send_body(good, b"{}")
        long = client.request("POST", "/api/v1/rooms/", ends=False, expect="100-continue", content_length="999999999")

        assert client.wait(good).status == 401
        assert client.wait(long).status == 413
        assert client.answers[long].informational == []


def test_trailers_of_a_request_are_read_and_dropped(served: Encrypted) -> None:
    with HTTP2Client(served.port) as client:
        stream = client.request("POST", "/api/v1/rooms/", b"{}", ends=False, content_type="application/json")
        client.h2.send_headers(stream, [("x-checksum", "1")], end_stream=True)
        client.flush()

        assert client.wait(stream).status == 401


def test_too_many_headers_are_refused_on_their_stream(served: Encrypted) -> None:
    with HTTP2Client(served.port) as client:
        most = client.get("/healthz", **{f"x_{number}": "1" for number in range(99)})  # with its authority a hundred
        many = client.get("/healthz", **{f"x_{number}": "1" for number in range(100)})

        assert most.status == 200
        assert (many.status, many.header("content-type")) == (431, "application/problem+json")
        assert client.get("/healthz").status == 200


@pytest.mark.parametrize("name", ["cookie", "x_large", "path"])
def test_long_headers_are_refused_on_their_stream(served: Encrypted, name: str) -> None:
    """A client with too many cookies loses one request, and not those beside it."""
    with HTTP2Client(served.port) as client:
        body = client.request("POST", "/api/v1/rooms/", ends=False)
        for size, status in ((15_500, 200), (16_500, 431), (30_000, 431)):
            text = "X" * size  # as long when it is compressed
            stream = client.request("GET", f"/healthz?{text}") if name == "path" else None
            got = client.wait(stream) if stream else client.get("/healthz", **{name: text})
            assert got.status == status, size
        client.send_body(body, b"{}")
        assert client.wait(body).status == 401


# -- many at once ------------------------------------------------------------------------------------------------------


def test_a_hundred_streams_read_rest_and_events_while_sockets_stay_on_the_same_port(
    served: Encrypted, alice: Person
) -> None:
    room = alice.make_room("crowd")
    context = trusting(served.certificate)
    socket = RawSocket(served.ws_url, ssl=context)
    try:
        socket.send({"id": 1, "connect": {"token": alice.access}}, {"id": 2, "subscribe": {"channel": f"room:{room}"}})
        with HTTP2Client(served.port, window=8 * MIB) as client:
            path = f"/api/v1/streams/room:{room}/log/?live=sse&offset=now"
            open_ones = [client.request("GET", path, token=alice.access) for _ in range(50)]
            assert client.until(lambda: all(client.answers[each].status == 200 for each in open_ones))
            reads = [client.request("GET", "/api/v1/rooms/", token=alice.access) for _ in range(50)]
            client.wait(*reads)
            assert {client.answers[each].status for each in reads} <= {200, 429}
            assert any(client.answers[each].status == 200 for each in reads)
            alice.post(f"rooms/{room}/messages/", {"text": "for all of you"})

            assert client.until(lambda: all(b"for all of you" in client.answers[each].body for each in open_ones))
            assert client.get("/healthz").status == 200
            for each in open_ones:
                client.reset(each)
        assert "for all of you" in _until_publication(socket)
    finally:
        socket.close()


def _until_publication(socket: RawSocket) -> str:
    while True:
        received = json.dumps(socket.receive())
        if '"pub"' in received:
            return received


def test_more_streams_than_announced_are_refused_one_by_one(served: Encrypted, alice: Person) -> None:
    room = alice.make_room("more")
    with HTTP2Client(served.port) as client:
        path = f"/api/v1/streams/room:{room}/log/?live=sse&offset=now"
        first = [client.request("GET", path, token=alice.access, flush=False) for _ in range(100)]
        client.flush()
        assert client.until(lambda: all(client.answers[each].status for each in first))
        surplus = client.request("GET", "/healthz")

        assert client.wait(surplus).reset == 7  # REFUSED_STREAM
        client.reset(first[0])
        assert client.get("/healthz").status == 200
