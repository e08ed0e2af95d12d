"""Send queues with frames are flushed together, and a crowd of them does not take all the time."""

import asyncio

import pytest

from tests.tidewire.delivery.test_send_queue import SMALL, Written, frame, new_queue
from tests.tidewire.in_memory import until
from tidewire.delivery import flusher as flushing
from tidewire.delivery.flusher import Flusher


@pytest.fixture
async def flusher() -> Flusher:
    return Flusher(asyncio.get_running_loop())


async def test_all_queues_are_flushed_in_one_callback(flusher):
    sockets = [Written(flusher) for _ in range(3)]
    shared = frame(10)
    for socket in sockets:
        socket.send_queue.enqueue(shared)
    sockets[0].send_queue.enqueue(b"2")
    await asyncio.sleep(0)
    assert [socket.messages for socket in sockets] == [[shared + b"\n2"], [shared], [shared]]
    assert sockets[1].messages[0] is sockets[2].messages[0] is shared
    sockets[1].send_queue.enqueue(b"3")
    await asyncio.sleep(0)
    assert sockets[1].messages == [shared, b"3"]


async def test_a_socket_that_fails_does_not_keep_the_others_waiting(flusher):
    def fail(message: bytes) -> None:
        raise RuntimeError("on purpose")

    broken, other = new_queue(None, lambda code: None, SMALL, flusher, fail), Written(flusher)
    broken.enqueue(b"1")
    other.send_queue.enqueue(b"1")
    await asyncio.sleep(0)
    assert other.messages == [b"1"]


async def test_frames_that_come_while_a_crowd_is_served_are_joined(flusher, monkeypatch):
    monkeypatch.setattr(flushing, "MOST_SECONDS", 0.02)
    monkeypatch.setattr(flushing, "PATIENCE", 1e6)
    crowd = [Written(flusher) for _ in range(flushing.CROWD)]
    for number in (b"1", b"2", b"3"):  # the first leaves at once, the others wait for each other
        for socket in crowd:
            socket.send_queue.enqueue(number)
        await asyncio.sleep(0)
        assert crowd[0].messages == [b"1"]
    await until(lambda: crowd[-1].messages[1:])
    assert [socket.messages for socket in crowd] == [[b"1", b"2\n3"]] * len(crowd)
    assert crowd[0].messages[1] is crowd[-1].messages[1]  # built once


async def test_few_queues_never_wait(flusher, monkeypatch):
    monkeypatch.setattr(flushing, "PATIENCE", 1e6)
    few = [Written(flusher) for _ in range(flushing.CROWD - 1)]
    for number in (b"1", b"2"):
        for socket in few:
            socket.send_queue.enqueue(number)
        await asyncio.sleep(0)
    assert [socket.messages for socket in few] == [[b"1", b"2"]] * len(few)
