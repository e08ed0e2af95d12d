"""A bounded queue: frames leave in order, pings mark what was read, and a client that does not read is cut off."""

import asyncio

import pytest

from tests.tidewire.in_memory import NEVER, Client, settled, until
from tidewire.delivery.flusher import Flusher
from tidewire.delivery.send_queue import EARLY_BYTES, Limits, SendQueue
from tidewire.ground.positions import MESSAGE_BYTES
from tidewire.ground.timer_wheel import TimerWheel
from tidewire.protocol.json_codec import JSON

SMALL = Limits(unread_bytes=1000, mark_bytes=100, pong_seconds=NEVER)
PING = b"{}"


def frame(size: int, letter: bytes = b"x") -> bytes:
    return b'"' + letter * (size - 2) + b'"'


def new_queue(send=None, close=lambda code: None, limits=SMALL, flusher=None, write=None) -> SendQueue:
    loop = asyncio.get_running_loop()
    return SendQueue(JSON, send, close, limits, flusher or Flusher(loop), TimerWheel(loop), write)


async def sent(client: Client) -> list[bytes]:
    """The frames that left, one by one."""
    await settled()
    return [frame for message in client.messages for frame in message.split(b"\n")]


# -- order -----------------------------------------------------------------------------------------------------------


async def test_frames_of_one_turn_of_the_loop_leave_as_one_message():
    client = Client()
    for letter in (b"a", b"b", b"c"):
        client.send_queue.enqueue(frame(5, letter))
    assert client.messages == []
    await settled()
    assert client.messages == [b'"aaa"\n"bbb"\n"ccc"']
    client.send_queue.enqueue(frame(5))
    await settled()
    assert client.messages[1:] == [b'"xxx"']


async def test_no_message_is_longer_than_a_message_may_be():
    client = Client(limits=Limits(10 * MESSAGE_BYTES, 10 * MESSAGE_BYTES, NEVER))
    half = frame(MESSAGE_BYTES // 2 - 1)
    for _ in range(3):
        client.send_queue.enqueue(half)
    client.send_queue.enqueue(frame(MESSAGE_BYTES + 1))  # a single frame goes as it is
    await settled()
    assert client.messages == [half + b"\n" + half, half, frame(MESSAGE_BYTES + 1)]


async def test_frames_that_are_enqueued_while_a_message_is_sent_follow_it():
    messages, leave = [], asyncio.Event()

    async def send(message: bytes) -> None:
        messages.append(message)
        await leave.wait()

    send_queue = new_queue(send)
    send_queue.enqueue(b"1")
    await settled()
    send_queue.enqueue(b"2")
    send_queue.enqueue(b"3")
    await settled()
    assert messages == [b"1"]
    leave.set()
    await settled()
    assert messages == [b"1", b"2\n3"]


async def test_a_closed_queue_ignores_frames():
    client = Client()
    client.send_queue.close()
    client.send_queue.enqueue(b"1")
    client.send_queue.ping()
    assert await sent(client) == []
    assert client.send_queue.unread == 0


async def test_flushed_waits_until_all_is_sent():
    client = Client()
    await client.send_queue.flushed()
    client.send_queue.enqueue(b"1")
    await client.send_queue.flushed()
    assert client.messages == [b"1"]


async def test_a_socket_that_fails_is_closed_with_a_write_error():
    async def send(message: bytes) -> None:
        raise ConnectionError

    client = Client()
    send_queue = new_queue(send, client._close)
    send_queue.enqueue(b"1")
    await settled()
    assert client.closed_with == [3009]
    send_queue.enqueue(b"2")
    await settled()
    assert client.closed_with == [3009]


async def test_a_message_that_the_server_never_takes_can_be_abandoned():
    stuck = asyncio.Event()
    send_queue = new_queue(lambda message: stuck.wait())
    send_queue.enqueue(b"1")
    await settled()
    send_queue.abandon()
    await send_queue.flushed()


# -- marks and bounds ------------------------------------------------------------------------------------------------


async def test_a_ping_follows_after_every_so_many_bytes():
    client = Client(limits=SMALL)
    for _ in range(5):
        client.send_queue.enqueue(frame(50))
    assert await sent(client) == [frame(50), frame(50), PING, frame(50), frame(50), PING, frame(50)]


async def test_a_pong_says_that_everything_before_its_ping_was_read():
    client = Client(limits=SMALL)
    for _ in range(4):
        client.send_queue.enqueue(frame(50))
    assert client.send_queue.unread == 4 * 50 + 2 * len(PING)
    assert client.send_queue.pong()
    assert client.send_queue.unread == 2 * 50 + len(PING)
    assert client.send_queue.pong()
    assert client.send_queue.unread == 0


async def test_a_pong_without_a_ping_changes_nothing():
    client = Client(limits=SMALL)
    client.send_queue.enqueue(frame(50))
    assert not client.send_queue.pong()
    assert client.send_queue.unread == 50


async def test_a_client_that_reads_may_be_sent_any_amount():
    client = Client(limits=SMALL)
    for _ in range(100):
        client.send_queue.enqueue(frame(90))
        client.read_all()
    assert client.closed_with == []
    assert len(await sent(client)) == 100 + 50


async def test_a_client_that_does_not_read_is_disconnected():
    client = Client(limits=SMALL)
    for _ in range(10):
        client.send_queue.enqueue(frame(99))
    assert client.closed_with == []  # callers may be in the middle of a fan-out
    client.send_queue.enqueue(frame(99))
    assert client.closed_with == []
    await settled()
    assert client.closed_with == [3008]
    client.send_queue.enqueue(frame(99))
    await settled()
    assert client.closed_with == [3008]


async def test_one_frame_above_the_bound_is_too_much():
    client = Client(limits=SMALL)
    client.send_queue.enqueue(frame(1001))
    await settled()
    assert (client.closed_with, client.messages) == ([3008], [])


async def test_frames_that_were_sent_count_until_they_were_read():
    """They are in the buffers of the server, which have no bound."""
    client = Client(limits=SMALL)
    for _ in range(11):
        client.send_queue.enqueue(frame(99))
        await settled()
    assert client.closed_with == [3008]


# -- pings -----------------------------------------------------------------------------------------------------------


async def test_a_ping_that_is_not_answered_in_time_ends_the_connection():
    client = Client(limits=Limits(1000, 100, pong_seconds=0.01))
    client.send_queue.ping()
    await until(lambda: client.closed_with)
    assert client.closed_with == [3012]


async def test_a_ping_that_is_answered_does_not():
    client = Client(limits=Limits(1000, 100, pong_seconds=0.01))
    for _ in range(3):
        client.send_queue.ping()
    client.read_all()
    client.send_queue.ping()
    first = asyncio.get_running_loop().time()
    await until(lambda: client.closed_with)
    assert asyncio.get_running_loop().time() - first >= 0.009  # only the last ping is not answered
    assert client.closed_with == [3012]


async def test_a_closed_queue_waits_for_no_pong():
    client = Client(limits=Limits(1000, 100, pong_seconds=0.01))
    client.send_queue.ping()
    client.send_queue.close()
    other = Client(limits=Limits(1000, 100, pong_seconds=0.02))
    other.send_queue.ping()
    await until(lambda: other.closed_with)
    assert client.closed_with == []


# -- room ------------------------------------------------------------------------------------------------------------


async def test_there_is_room_while_little_is_unread():
    client = Client(limits=SMALL)
    await client.send_queue.wait_for_room()
    client.send_queue.enqueue(frame(250))
    assert not client.send_queue.has_room  # with the ping


async def test_a_replay_waits_until_its_client_has_read():
    client = Client(limits=SMALL)
    client.send_queue.enqueue(frame(500))
    waiting = asyncio.create_task(client.send_queue.wait_for_room())
    await settled()
    assert not waiting.done()
    client.read_all()
    await settled()
    assert waiting.done()


async def test_waiting_for_room_sends_a_ping():
    """There is no ping yet below the mark, and without one the client could not show that it has read."""
    client = Client(limits=Limits(unread_bytes=1000, mark_bytes=900, pong_seconds=NEVER))
    client.send_queue.enqueue(frame(500))
    waiting = asyncio.create_task(client.send_queue.wait_for_room())
    assert PING in await sent(client)
    assert client.send_queue.pong()
    await waiting


async def test_a_closed_queue_ends_the_wait_for_room():
    client = Client(limits=SMALL)
    client.send_queue.enqueue(frame(500))
    waiting = asyncio.create_task(client.send_queue.wait_for_room())
    await settled()
    client.send_queue.close()
    await waiting


# -- a server that takes finished frames -----------------------------------------------------------------------------


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())


class Written:
    """A send queue whose server takes messages at once."""

    def __init__(self, flusher: Flusher, limits: Limits = SMALL) -> None:
        self.messages: list[bytes] = []
        self.client = Client(limits=limits)
        self.send_queue = new_queue(None, self.client._close, limits, flusher, self.messages.append)


async def test_a_burst_is_written_before_the_turn_of_the_loop_ends(flusher):
    socket = Written(flusher, Limits(10 * EARLY_BYTES, 10 * EARLY_BYTES, NEVER))
    for _ in range(3):
        socket.send_queue.enqueue(frame(EARLY_BYTES // 2 + 1))
    assert len(socket.messages) == 1
    await asyncio.sleep(0)
    assert b"\n".join(socket.messages) == b"\n".join([frame(EARLY_BYTES // 2 + 1)] * 3)


async def test_flushed_writes_at_once(flusher):
    socket = Written(flusher)
    socket.send_queue.enqueue(b"1")
    await socket.send_queue.flushed()
    assert socket.messages == [b"1"]
    await asyncio.sleep(0)
    assert socket.messages == [b"1"]


async def test_a_client_that_does_not_read_is_disconnected_there_too(flusher):
    socket = Written(flusher)
    for _ in range(11):
        socket.send_queue.enqueue(frame(99))
    await settled()
    assert socket.client.closed_with == [3008]
