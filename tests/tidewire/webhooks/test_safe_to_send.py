"""No request leaves for an address that is not public: as text, after resolution, when a connection is opened; and an
attempt is bounded in time and in what is read."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address
from uuid import uuid4

import pytest
from httpcore import AsyncNetworkBackend, AsyncNetworkStream, ConnectError
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tests.tidewire.webhooks.receiver import Receiver, Say
from tidewire.webhooks import hosts, urls
from tidewire.webhooks.addresses import is_loopback, is_public
from tidewire.webhooks.network import CheckedNetwork
from tidewire.webhooks.outcomes import Message, Outcome
from tidewire.webhooks.resolver import Lookup, RefusedAddressError, Resolver, look_up
from tidewire.webhooks.secrets import new_secret
from tidewire.webhooks.sender import KEPT_BYTES, Sender
from tidewire.webhooks.urls import URLError

_REFUSED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.100.100.200 100.127.255.255 127.0.0.1 127.255.255.254
169.254.169.254 169.254.170.2 172.16.0.1 172.31.255.255 192.0.0.8 192.0.0.192 192.0.2.1 192.31.196.1
192.52.193.1 192.88.99.1 192.168.0.1 192.168.255.255 192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 168.63.129.16 :: ::1 ::127.0.0.1
::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
64:ff9b::a9fe:a9fe 64:ff9b::808:808 64:ff9b:1::7f00:1 100::1 2001::1 2001:0:7f00:1::1 2001:2::1 2001:10::1
2001:20::1 2001:db8::1 2002:7f00:1::1 2002:a9fe:a9fe::1 2002:808:808::1 2620:4f:8000::1 3fff::1 5f00::1 fc00::1
fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2a00:1450:4001:5efe::5efe:7f00:1
2a00:1450:4001:800:200:5efe:a00:1
"""
_PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.1 100.63.255.255 100.128.0.1 126.255.255.255 128.0.0.1 169.253.255.255
172.15.255.255 172.32.0.1 192.167.255.255 192.169.0.1 198.17.255.255 198.20.0.1 223.255.255.255
2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001:800::200e
"""
REFUSED, PUBLIC = _REFUSED.split(), _PUBLIC.split()
_HOSTS = """
127.1 127.0.1 0177.0.0.1 00000177.1 0177.0x0.1 0x7f.0.0.1 0x7f000001 0X7F000001 017700000001 2130706433 2130706433. 0 0.
127.0.0.1. 10.0.0.1. 169.254.169.254. 0xa9fea9fe 0xa9.0xfe.0xa9.0xfe 2852039166 0251.0376.0251.0376 169.254.43518
1.1.1.257 256.256.256.256 127.0.0.1.1 1.2.3.4.5 example.123 example.0x7f example.0x 8.8.8.8.
localhost LOCALHOST localhost. localhost.localdomain a.localhost foo.LocalHost. printer.local Printer.LOCAL. router.lan
metadata.google.internal metadata metadata. db redis host.docker.internal kubernetes.default.svc.cluster.local
intranet files.corp nas.home router.home.arpa 1.0.0.127.in-addr.arpa x.onion
example.com.. .example.com example..com -example.com example-.com *.example.com _ %31%32%37.1
"""
HOSTS = _HOSTS.split()
"""Spellings that some reader of a URL takes for an address, and names that only a network itself knows."""
NAMES = (
    "example.com",
    "example.com.",
    "hooks.example.com",
    "xn--bcher-kva.example",
    "1.example",
    "0x7f.example",
    "a_b.example",
)


@pytest.fixture
def strict(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_LOOPBACK": False, "WEBHOOK_HTTPS_ONLY": False}


def message(url: str, body: str = "{}") -> Message:
    return Message(endpoint=uuid4(), url=url, secrets=(new_secret(),), id="msg", type="test", body=body)


def send(url: str, lookup: Lookup = look_up, **fields) -> Outcome:
    async def once() -> Outcome:
        sender = Sender(lookup)
        try:
            return await sender.send(message(url, **fields))
        finally:
            await sender.close()

    return asyncio.run(once())


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def send_to(serve: Serve) -> Outcome:
    """Makes one attempt at a server whose connections this coroutine function serves."""

    async def once() -> Outcome:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        sender = Sender()
        try:
            return await sender.send(message(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"))
        finally:
            await sender.close()
            server.close()

    return asyncio.run(once())


class Names:
    """Name servers that give these lists of addresses, one after the other, whatever they are asked for."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = answers

    def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        return self._answers[min(len(self.asked), len(self._answers)) - 1]


# -- addresses -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public(address, strict):
    assert not is_public(address)
    names = Names([address])
    assert send("http://receiver.example:8080/", names).error == "the name leads to an address that is not public"
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(URLError):
        urls.check(f"https://{host}/")
    assert send(f"http://{host}:8080/", names).error != ""
    assert names.asked == ["receiver.example"]


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_that_is_public(address, strict):
    assert is_public(address)
    host = f"[{address}]" if ":" in address else address
    urls.check(f"https://{host}/hook?x=1")


@pytest.mark.parametrize("host", [*HOSTS, *(f"[{host}]" for host in ("127.0.0.1", "localhost", "2130706433"))])
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_other_spellings_of_an_address_and_names_of_a_network(host, scheme, strict):
    """Refused when a webhook is made and when it is sent, and by the connection itself. No name server is asked."""
    with pytest.raises(URLError):
        urls.check(f"{scheme}://{host}/")
    names = Names(["127.0.0.1"])
    assert send(f"{scheme}://{host}:8080/", names).status is None
    with pytest.raises(RefusedAddressError):
        asyncio.run(Resolver(names).addresses(host, 8080))
    assert names.asked == []


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_accepted(name, strict):
    urls.check(f"https://{name}/")
    names = Names(["10.0.0.1"])
    assert send(f"http://{name}:8080/", names).error == "the name leads to an address that is not public"
    assert names.asked == [name]


@given(
    st.integers(0, 2**32 - 1), st.lists(st.sampled_from([str, hex, lambda part: f"0{part:o}"]), min_size=4), st.data()
)
@hypothesis(max_examples=100, deadline=None)
def test_no_spelling_of_an_address_is_taken_for_a_name(number, forms, data):
    """As `inet_aton` reads them: one to four numbers, decimal, octal or hexadecimal, the last one for what is left."""
    count = data.draw(st.integers(1, 4))
    parts = [number >> (24 - 8 * place) & 255 for place in range(count - 1)]
    parts.append(number & 2 ** (8 * (5 - count)) - 1)
    host = ".".join(form(part) for form, part in zip(forms, parts, strict=False))
    assert socket.inet_aton(host) == number.to_bytes(4, "big")
    is_allowed = host == str(IPv4Address(number)) and (is_public(host) or is_loopback(host))
    assert [code_of(spelled) for spelled in (host, f"{host}.", host.replace("x", "X"))] == [
        None if is_allowed else "address",
        "address",
        None if is_allowed else "address",
    ]


def code_of(host: str) -> str | None:
    """Returns why a host is refused, or None."""
    try:
        hosts.check(host)
    except hosts.HostError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "gopher://example.com/", "ftp://example.com/", "//example.com/", "example.com", ""),
        *("https://", "https:///path", "https://user@example.com/", "https://user:secret@example.com/"),
        *("https://example.com:22/", "https://example.com:0/", "https://example.com:99999/", "https://example.com:x/"),
        *(
            "https://example.com\\@127.0.0.1/",
            "https://exa mple.com/",
            "https://example.com/\r\nHost: x",
            "https://ex\x00/",
        ),
        *("https://①②⑦.0.0.1/", "https://bücher.example/", "https://[::1", "https://[v1.x]/", "https://%31%32%37.1/"),
        *("https://[2606:4700:4700::1111]x/", "https://[2606:4700:4700::1111]x:443/"),
        *("https://example.com/#fragment", "https://-example.com/", "https://" + "a" * 64 + ".com/"),
    ],
)
def test_urls_that_are_refused(url, strict):
    with pytest.raises(URLError):
        urls.check(url)


def test_loopback_is_allowed_by_a_setting_and_nothing_else_with_it(settings):
    assert [address for address in (*REFUSED, *PUBLIC) if is_loopback(address)] == [
        "127.0.0.1",
        "127.255.255.254",
        "::1",
    ]
    for host in ("127.0.0.1", "[::1]", "localhost", "a.localhost"):
        urls.check(f"http://{host}:8000/")
    for address in ("10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "2130706433", "127.1", "db", "printer.local"):
        with pytest.raises(URLError):
            urls.check(f"http://{address}/")


# -- rebinding -------------------------------------------------------------------------------------------------------


def test_one_address_of_several_refuses_all(strict):
    assert "not public" in send("http://receiver.example:8080/", Names(["8.8.8.8", "127.0.0.1"])).error


def test_a_name_is_resolved_once_for_each_connection_and_never_after_the_check():
    """A name that is public when it is checked and internal when it is connected to (rebinding)."""
    receiver, names = Receiver(), Names(["127.0.0.1"], ["10.0.0.1"])
    try:
        outcome = send(f"http://receiver.example:{receiver.port}/", names)
        assert (outcome.status, len(names.asked)) == (200, 1)
        assert receiver.got[0].headers["host"] == f"receiver.example:{receiver.port}"
        assert "not public" in send(f"http://receiver.example:{receiver.port}/", names).error
    finally:
        receiver.close()


class Trusting(Resolver):
    """Checks nothing: as if the first check had failed us."""

    async def addresses(self, host: str, port: int) -> list[str]:
        return self._lookup(host, port)


def test_the_address_that_was_really_reached_is_checked(strict):
    """As if the system had led the connection elsewhere than to the address that was resolved."""

    async def connect() -> None:
        await CheckedNetwork(Trusting(Names(["127.0.0.1"]))).connect_tcp("receiver.example", receiver.port)

    receiver = Receiver()
    try:
        with pytest.raises(RefusedAddressError):
            asyncio.run(connect())
        assert receiver.got == []
    finally:
        receiver.close()


class Closed(AsyncNetworkStream):
    """A connection that the receiver has reset already: the system knows no address of it."""

    is_closed = False

    def get_extra_info(self, info: str) -> None:
        return None

    async def aclose(self) -> None:
        self.is_closed = True


class Resetting(AsyncNetworkBackend):
    """Connects, and every connection is reset at once."""

    def __init__(self) -> None:
        self.stream = Closed()

    async def connect_tcp(self, *args, **kwargs) -> AsyncNetworkStream:
        return self.stream


def test_a_connection_that_is_reset_at_once_is_a_failure():
    backend = Resetting()
    with pytest.raises(ConnectError, match="closed at once"):
        asyncio.run(CheckedNetwork(Resolver(Names(["8.8.8.8"])), backend).connect_tcp("receiver.example", 443))
    assert backend.stream.is_closed


def test_every_attempt_has_an_outcome(caplog):
    """Also where a part fails as none should: a message without one would wait for its lease."""

    def fail(host: str, port: int) -> list[str]:
        raise TypeError("a fault")

    assert send("http://receiver.example:8080/", fail).error == "TypeError"
    assert "failed in an unknown way" in caplog.text


def test_a_redirect_is_not_followed():
    receiver, inside = Receiver(), Receiver()
    try:
        receiver.answer = lambda got: Say(302, {"Location": inside.url})
        assert send(receiver.url).status == 302
        assert inside.got == []
    finally:
        receiver.close()
        inside.close()


def test_proxies_of_the_environment_are_not_asked(monkeypatch):
    receiver, proxy = Receiver(), Receiver()
    try:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert send(receiver.url).status == 200
        assert proxy.got == []
    finally:
        receiver.close()
        proxy.close()


# -- bounds ----------------------------------------------------------------------------------------------------------


def limited(settings, seconds: float) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_TIMEOUT_SECONDS": seconds}


def test_an_attempt_ends_in_time_whatever_the_receiver_does(settings):
    limited(settings, 0.3)
    receiver = Receiver()
    try:
        receiver.answer = lambda got: Say(seconds=2.0)
        outcome = send(receiver.url)
        assert outcome.error == "no complete answer in 0.3 seconds"
        assert outcome.milliseconds < 1500
    finally:
        receiver.close()


def test_a_receiver_that_sends_a_byte_now_and_then_ends_in_time(settings):
    limited(settings, 0.3)

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"x: y\r\n")
            await asyncio.sleep(0.05)

    assert send_to(drip).error == "no complete answer in 0.3 seconds"


def test_a_name_server_that_never_answers_ends_in_time(settings):
    limited(settings, 0.3)
    ended = threading.Event()
    outcome = send("http://slow.example:8080/", lambda host, port: [str(ended.wait(5.0))])
    ended.set()
    assert outcome.error == "no complete answer in 0.3 seconds"


def test_a_long_answer_is_read_in_part_and_shown_in_part():
    receiver = Receiver()
    try:
        receiver.answer = lambda got: Say(body=b"x" * 10_000_000)
        outcome = send(receiver.url)
        assert (outcome.status, outcome.answer) == (200, "x" * KEPT_BYTES)
    finally:
        receiver.close()


def test_an_answer_that_never_ends_is_read_in_part():
    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()

    outcome = send_to(pour)
    assert (outcome.status, outcome.answer) == (200, "x" * KEPT_BYTES)


def test_a_compressed_answer_is_not_unpacked():
    receiver, packed = Receiver(), gzip.compress(b"x" * 10_000_000)
    try:
        receiver.answer = lambda got: Say(200, {"Content-Encoding": "gzip"}, body=packed)
        outcome = send(receiver.url)
        assert receiver.got[0].headers["accept-encoding"] == "identity"
        assert (outcome.status, len(outcome.answer) <= KEPT_BYTES, "xx" in outcome.answer) == (200, True, False)
    finally:
        receiver.close()


def test_an_answer_of_many_headers_is_a_failure():
    async def many(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000)
        await asyncio.sleep(1)

    assert send_to(many).status is None


def test_control_characters_of_an_answer_are_not_stored():
    receiver = Receiver()
    try:
        receiver.answer = lambda got: Say(body=b"a\x00b\x1b[31mc\xffd")
        assert send(receiver.url).answer == "a�b�[31mc�d"
    finally:
        receiver.close()


def test_a_certificate_of_an_unknown_authority_is_refused(monkeypatch):
    """And the name in it is the URL's, not that of the address."""
    receiver = Receiver()
    try:
        outcome = send(receiver.url.replace("http://", "https://"))
        assert outcome.status is None
        assert outcome.error
    finally:
        receiver.close()
    context = Sender()._pool._ssl_context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
