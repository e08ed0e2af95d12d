"""The testing kit, in Django's own test cases: what is recorded, what is compared, what a socket sees."""

from __future__ import annotations

import unittest

import pytest
from asgiref.sync import sync_to_async
from django.test import TestCase, TransactionTestCase

from tests.tidewire.liveapp.declarations import boards
from tests.tidewire.liveapp.models import Board, Item
from tidewire.asgi import EngineMiddleware, WebSocketRouter, urlpatterns
from tidewire.ground.credentials import Identity, InvalidCredential
from tidewire.testing import LiveTestMixin, SocketClient, SocketError, events_of

application = EngineMiddleware(WebSocketRouter(urlpatterns))


def run(case: type[unittest.TestCase]) -> unittest.TestResult:
    """Runs the tests of a case as Django's runner does, and returns the result."""
    result = unittest.TestResult()
    unittest.TestLoader().loadTestsFromTestCase(case).run(result)
    return result


def problems(result: unittest.TestResult) -> list[str]:
    return [text.strip().splitlines()[-1] for _, text in result.failures + result.errors]


@pytest.mark.own_database
class Kit(LiveTestMixin, TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.board = Board.objects.create(name="board")

    def test_what_the_class_has_written_is_not_new(self):
        assert self.new_events() == []
        assert [event.type for event in self.events_of(boards(self.board.pk))] == ["board.created"]

    def test_events_are_compared_from_call_to_call(self):
        item = Item.objects.create(board=self.board, title="new")
        self.assert_events([("item.created", {"title": "new", "rank": 0})])
        item.delete()
        (event,) = self.assert_events(["item.deleted"], boards(self.board.pk))
        assert (event.stream, event.offset) == (boards(self.board.pk), 3)
        assert event.actor == {"type": "system", "id": None}
        self.assert_events([])

    def test_a_difference_is_shown(self):
        Item.objects.create(board=self.board, title="new")
        with pytest.raises(AssertionError) as caught:
            self.assert_events([("item.created", {"title": "other"})])
        assert "item.created {'id':" in str(caught.value)
        assert "item.created {'title': 'other'}" in str(caught.value)
        with pytest.raises(AssertionError):
            self.assert_events(["item.created"])  # which the call before has seen

    def test_a_difference_of_many_is_shown_in_part(self):
        Item.objects.bulk_create(Item(board=self.board, title=str(number)) for number in range(50))
        with pytest.raises(AssertionError, match="… and 30 more\nand these expected:\n  none"):
            self.assert_events([])

    async def test_a_socket_sees_what_is_not_committed(self):
        async with SocketClient("alice", application=application) as socket:
            result = await socket.subscribe(boards(self.board.pk))
            assert result["offset"] == 1
            assert await socket.events() == []
            item = await sync_to_async(Item.objects.create)(board=self.board, title="new")
            event = await socket.event()
            assert (event["type"], event["data"]["title"]) == ("item.created", "new")
            await sync_to_async(item.delete)()
            assert [event["type"] for event in await socket.events()] == ["item.deleted"]

    async def test_two_sockets_and_a_return(self):
        stream = boards(self.board.pk)
        async with SocketClient("alice", application=application) as one:
            position = await one.subscribe(stream)
            async with SocketClient("bob", application=application) as two:
                await two.subscribe(stream)
                await sync_to_async(Item.objects.create)(board=self.board, title="new")
                assert await one.event() == await two.event()
            async with SocketClient("bob", application=application) as two:
                again = await two.subscribe(stream, recover=True, epoch=position["epoch"], offset=position["offset"])
                assert again["recovered"]
                assert [event["data"]["title"] for event in await two.events()] == ["new"]

    async def test_refusals_have_the_codes_of_the_protocol(self):
        with pytest.raises(SocketError) as caught:
            async with SocketClient(application=application):
                pass
        assert caught.value.code == 3500
        async with SocketClient("alice", application=application) as socket:
            with pytest.raises(SocketError) as caught:
                await socket.subscribe("nothing:1")
            assert caught.value.code == 103
        with pytest.raises(SocketError) as caught:
            async with SocketClient("alice", application=application, headers={"Origin": "https://evil.example"}):
                pass
        assert caught.value.code == 403


async def test_a_message_that_does_not_come_is_a_timeout(transactional_db, monkeypatch):
    monkeypatch.setattr("tidewire.testing.sockets.SECONDS", 1)
    board = await sync_to_async(Board.objects.create)(name="board")
    async with SocketClient("alice", application=application) as socket:
        assert (await socket.subscribe(boards("another")))["offset"] == 0
        await sync_to_async(board.delete)()
        with pytest.raises(TimeoutError):
            await socket.event()


@pytest.fixture(autouse=True)
def _every_token_is_a_name(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "AUTHENTICATE": f"{__name__}.authenticate", "MAY_COMMAND": None}


def authenticate(credential: str) -> Identity:
    if not credential:
        raise InvalidCredential
    return Identity(credential)


@pytest.mark.own_database
class Committing(LiveTestMixin, TransactionTestCase):
    def test_committed_changes_are_new_events_too(self):
        board = Board.objects.create(name="board")
        self.assert_events([("board.created", {"name": "board"})])
        assert len(self.events_of(boards(board.pk))) == 1

    async def test_a_socket_sees_them(self):
        board = await sync_to_async(Board.objects.create)(name="board")
        async with SocketClient("alice", application=application) as socket:
            await socket.subscribe(boards(board.pk))
            await sync_to_async(Item.objects.create)(board=board, title="new")
            assert (await socket.event())["type"] == "item.created"


def test_a_serializer_that_raises_fails_the_test(transactional_db):
    class Poisoned(LiveTestMixin, TestCase):
        def test_it(self):
            Item.objects.create(board=Board.objects.create(name="board"), title="poison")

        def test_another(self):
            assert Item.objects.count() == 0

    result = run(Poisoned)
    assert (result.testsRun, problems(result)) == (2, ["ValueError: this item cannot be shown"])
    assert Board.objects.count() == 0  # rolled back all the same


def test_the_fixture(event_log):
    board = Board.objects.create(name="board")
    event_log.assert_events([("board.created", {"name": "board"})])
    assert [event.data["name"] for event in events_of(boards(board.pk))] == ["board"]


async def test_the_socket_fixture(connect_socket):
    board = await sync_to_async(Board.objects.create)(name="board")
    async with connect_socket("alice", application=application) as socket:
        await socket.subscribe(boards(board.pk))
        await sync_to_async(board.delete)()
        assert (await socket.event())["type"] == "board.deleted"
