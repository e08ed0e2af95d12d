"""The first request behind the handshake of TLS is answered, whatever its client's threads do meanwhile."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from threading import Event, Thread

import pytest

from tests.tidewire.serve.http2.encrypted import Encrypted, trusting
from tests.tidewire.serve.served import read_all

REQUEST = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
TICKET = 4
"""The type of TLS's message with a session ticket (RFC 8446, NewSessionTicket)."""


class TwoThreads:
    """A client like `websockets.sync`: one thread reads all the time, another one writes. OpenSSL allows that on no
    connection. A ticket stops the reading thread in the middle of OpenSSL until `go_on` is set."""

    def __init__(self, served: Encrypted) -> None:
        self.received = b""
        self.has_ticket, self.go_on = Event(), Event()
        context = trusting(served.certificate)
        # The only sign of a ticket that Python gives, in the thread that reads it; typeshed does not know of it.
        vars(ssl.SSLContext)["_msg_callback"].__set__(context, self._see)
        self._socket = connected(served, context)
        self._reading = Thread(target=self._read, daemon=True)
        self._reading.start()

    def write(self, data: bytes) -> None:
        self._socket.sendall(data)

    def wait_for_end(self) -> None:
        self._reading.join(15)

    def close(self) -> None:
        self.go_on.set()
        self._socket.close()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            self.received = read_all(self._socket)

    def _see(self, _connection: object, direction: str, _version: int, _kind: int, message: int, _data: bytes) -> None:
        if direction == "read" and message == TICKET:
            self.has_ticket.set()
            self.go_on.wait(15)


def connected(served: Encrypted, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", served.port), timeout=15)
    return context.wrap_socket(plain, server_hostname="localhost", session=session)


@pytest.fixture
def client(served: Encrypted) -> Iterator[TwoThreads]:
    client = TwoThreads(served)
    yield client
    client.close()


def test_a_client_that_reads_in_one_thread_and_writes_in_another_is_answered(client: TwoThreads) -> None:
    """A ticket before the answer would be read while the request is written, and OpenSSL would drop the request."""
    client.has_ticket.wait(0.5)
    client.write(REQUEST)
    client.go_on.set()
    client.wait_for_end()

    assert client.received.startswith(b"HTTP/1.1 200 OK")
    assert client.has_ticket.is_set()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_that_comes_again_resumes_its_session(served: Encrypted, version: ssl.TLSVersion) -> None:
    context = trusting(served.certificate)
    context.maximum_version = version
    with connected(served, context) as first:
        first.sendall(REQUEST)
        assert read_all(first).startswith(b"HTTP/1.1 200 OK")
        session = first.session
    with connected(served, context, session) as second:
        second.sendall(REQUEST)

        assert second.session_reused
        assert read_all(second).startswith(b"HTTP/1.1 200 OK")
