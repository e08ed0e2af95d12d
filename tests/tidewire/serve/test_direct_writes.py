"""Finished frames go to the kernel at once, in order; what it does not take goes through Twisted."""

import pytest
from twisted.internet import tcp

from tidewire.serve import direct_writes


class FakeTransport:
    """Twisted's transport, and the socket below it: the kernel takes `room` more bytes."""

    def __init__(self, room: int) -> None:
        self.socket, self.room = self, room
        self.sent = b""
        self.dataBuffer, self.offset = b"", 0
        self._tempDataBuffer: list[bytes] = []
        self._tempDataLen = 0

    def send(self, data: bytes) -> int:
        if not self.room:
            raise BlockingIOError
        taken = data[: self.room]
        self.sent += taken
        self.room -= len(taken)
        return len(taken)

    def write(self, data: bytes) -> None:
        self._tempDataBuffer.append(data)
        self._tempDataLen += len(data)


@pytest.mark.parametrize(
    ("room", "sent", "queued"),
    [(10, b"onetwo", []), (6, b"onetwo", []), (4, b"onet", [b"wo"]), (3, b"one", [b"two"]), (0, b"", [b"one", b"two"])],
)
def test_what_the_kernel_does_not_take_is_left_to_twisted_in_order(room: int, sent: bytes, queued: list[bytes]) -> None:
    transport = FakeTransport(room)

    direct_writes.write(transport, b"one")
    direct_writes.write(transport, b"two")

    assert (transport.sent, transport._tempDataBuffer) == (sent, queued)
    assert direct_writes.backlog(transport) == 6 - len(sent)


def test_nothing_overtakes_unsent_bytes() -> None:
    transport = FakeTransport(10)
    transport.write(b"first")

    direct_writes.write(transport, b"second")

    assert (transport.sent, transport._tempDataBuffer) == (b"", [b"first", b"second"])


class PlainConnection(tcp.Server):
    """A connection of Twisted's without TLS."""

    def __init__(self) -> None:
        """Opens nothing."""


def test_only_tested_versions_and_plain_connections_are_written_to_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, encrypted = PlainConnection(), PlainConnection()
    encrypted.TLS = True

    assert direct_writes.is_direct(plain)
    assert not direct_writes.is_direct(encrypted)
    assert not direct_writes.is_direct(FakeTransport(1))
    monkeypatch.setattr(direct_writes, "IS_TESTED", False)
    assert not direct_writes.is_direct(plain)
