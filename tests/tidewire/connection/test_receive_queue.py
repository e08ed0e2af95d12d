"""Messages are answered one at a time and in order, at the rate a client is allowed; a flood ends the connection."""

from __future__ import annotations

import asyncio

from tests.tidewire.in_memory import settled, until
from tidewire.connection.receive_queue import MessageRate, ReceiveQueue
from tidewire.ground.token_bucket import TokenBucket

RATE = MessageRate(burst=3, per_second=1000, queued_messages=5, queued_bytes=100)
SLOW = MessageRate(burst=2, per_second=0.001, queued_messages=5, queued_bytes=100)


class Answers:
    """Keeps the messages that were answered, and the codes of the end. Answers wait while `go` is not set."""

    def __init__(self) -> None:
        self.messages: list[str | bytes] = []
        self.codes: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def answer(self, message: str | bytes) -> None:
        await self.go.wait()
        self.messages.append(message)

    def queue(self, rate: MessageRate = RATE, shared: TokenBucket | None = None) -> ReceiveQueue:
        buckets = [shared] if shared else []
        return ReceiveQueue(self.answer, lambda code: self.codes.append(code.code), rate, lambda: buckets)


async def test_messages_are_answered_in_order_and_above_the_burst_at_the_rate():
    answers = Answers()
    queue = answers.queue()
    for message in "abcde":
        queue.enqueue(message)
    await until(lambda: len(answers.messages) == 5)
    assert answers.messages == list("abcde")


async def test_messages_above_the_burst_wait():
    answers = Answers()
    queue = answers.queue(SLOW)
    for message in "abc":
        queue.enqueue(message)
    await settled()
    assert answers.messages == ["a", "b"]
    queue.close()


async def test_messages_wait_for_the_rate_that_the_user_shares():
    answers, shared = Answers(), TokenBucket(1, 0.001, asyncio.get_running_loop().time())
    queue = answers.queue(shared=shared)
    for message in "ab":
        queue.enqueue(message)
    await settled()
    assert answers.messages == ["a"]
    queue.close()


async def test_too_many_messages_end_the_connection():
    answers = Answers()
    answers.go.clear()
    queue = answers.queue()
    queue.enqueue("answered")
    await settled()
    for number in range(RATE.queued_messages):
        queue.enqueue(f"{number}")
    assert answers.codes == []
    queue.enqueue("one too many")
    assert answers.codes == [3013]


async def test_too_many_bytes_end_the_connection():
    answers = Answers()
    answers.queue().enqueue("x" * (RATE.queued_bytes + 1))
    assert answers.codes == [3013]


async def test_a_closed_queue_finishes_only_the_message_that_is_being_answered():
    answers = Answers()
    answers.go.clear()
    queue = answers.queue()
    for message in "ab":
        queue.enqueue(message)
    await settled()
    queue.close()
    queue.enqueue("c")
    answers.go.set()
    await settled()
    assert answers.messages == ["a"]
