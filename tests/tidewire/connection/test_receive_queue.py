"""Messages are answered one at a time and in order, at the rate a client is allowed; a flood ends the connection."""

from __future__ import annotations

import asyncio

from tests.tidewire.in_memory import settled, until
from tidewire.connection.errors import DisconnectError
from tidewire.connection.receive_queue import MessageRate, Parsed, ReceiveQueue
from tidewire.ground.token_bucket import ClientRate, Cost
from tidewire.protocol.codes import Disconnect

RATE = MessageRate(burst=3, per_second=1000, subscribe_burst=3, queued_messages=5, queued_bytes=100)
SLOW = MessageRate(burst=2, per_second=0.001, subscribe_burst=3, queued_messages=5, queued_bytes=100)


def parse(message: str | bytes) -> Parsed:
    """Reads test messages: `s…` subscribes, `3…` holds three commands, `?` cannot be read."""
    text = str(message)
    if text == "?":
        raise DisconnectError(Disconnect.BAD_REQUEST)
    if text.startswith("s"):
        return Parsed(text, Cost(0, 1))
    return Parsed(text, Cost(3, 0) if text.startswith("3") else Cost())


class Answers:
    """Keeps the messages that were answered, and the codes of the end. Answers wait while `go` is not set."""

    def __init__(self) -> None:
        self.messages: list[str] = []
        self.groups: list[int] = []  # how many messages were answered together
        self.codes: list[int] = []
        self.go = asyncio.Event()
        self.go.set()

    async def answer(self, group: list[Parsed]) -> int:
        await self.go.wait()
        self.messages += [parsed.content for parsed in group]
        self.groups.append(len(group))
        return 5 if "large" in self.messages[-1] else 0

    def queue(self, rate: MessageRate = RATE, shared: ClientRate | None = None) -> ReceiveQueue:
        rates = [shared] if shared else []
        return ReceiveQueue(parse, self.answer, lambda code: self.codes.append(code.code), rate, lambda: rates)


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
    answers = Answers()
    one = MessageRate(burst=1, per_second=0.001, subscribe_burst=1, queued_messages=5, queued_bytes=100)
    shared = one.client_rate(asyncio.get_running_loop().time())
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


async def test_subscribes_that_wait_are_answered_together_and_apart_from_commands():
    answers = Answers()
    queue = answers.queue(SLOW)
    for message in ("a", "s1", "s2", "s3", "b"):
        queue.enqueue(message)
    await until(lambda: len(answers.messages) == 5)
    assert (answers.messages, answers.groups) == (["a", "s1", "s2", "s3", "b"], [1, 3, 1])


async def test_subscribes_above_their_burst_wait_for_their_own_rate():
    answers = Answers()
    queue = answers.queue(SLOW)
    for number in range(5):
        queue.enqueue(f"s{number}")
    await settled()
    assert answers.groups == [3]
    queue.close()


async def test_a_message_of_many_commands_costs_as_much_as_they_do():
    answers = Answers()
    queue = answers.queue(SLOW)
    for message in ("3 commands", "a"):
        queue.enqueue(message)
    await settled()
    assert answers.messages == ["3 commands"]
    queue.close()


async def test_a_large_answer_costs_more_than_its_question():
    answers = Answers()
    queue = answers.queue(SLOW)
    for message in ("large", "a"):
        queue.enqueue(message)
    await settled()
    assert answers.messages == ["large"]
    queue.close()


async def test_a_message_that_cannot_be_read_ends_the_connection_after_the_answers_before_it():
    answers = Answers()
    queue = answers.queue()
    for message in ("a", "?", "b"):
        queue.enqueue(message)
    await until(lambda: answers.codes)
    assert (answers.messages, answers.codes) == (["a"], [3501])
