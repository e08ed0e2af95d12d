"""The protocol's state machine: every command in every state, and the code of every end."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.tidewire.in_memory import NEVER, Client, Log, engine_on, settled, until
from tidewire.connection import rpc
from tidewire.connection.connection import Rules
from tidewire.connection.protocol_connection import ProtocolConnection
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp
from tidewire.protocol.json_codec import JSON

ROOM, USER = "room:1", "user:alice"
RULES = Rules(
    ping_seconds=25,
    connect_seconds=NEVER,
    expiry_grace_seconds=NEVER,
    max_frame_bytes=2000,
    max_commands=10,
    max_subscriptions=5,
)


def authenticate(credential: str) -> Identity | LookUp:
    """`alice`, `alice of session 1`, `alice for 60`, `alice reading room:1`, `expired`; anything else is invalid.

    `key …` says the same, after a look-up, and has no successor.
    """
    if credential.startswith("key "):
        return lambda: replace(authenticate(credential[4:]), is_renewable=False)
    user, _, rest = credential.partition(" ")
    if credential == "expired":
        raise ExpiredCredential
    if user not in ("alice", "bob"):
        raise InvalidCredential
    kind, _, value = rest.partition(" ")
    return Identity(
        user,
        expires_at=time.time() + float(value) if kind == "for" else None,
        session_id=value if kind == "of" else None,
        streams=frozenset(value.split()) if kind == "reading" else None,
        may_publish=kind != "reading",
    )


class Site:
    """What connections share, on a log in memory."""

    def __init__(self) -> None:
        self.log = Log()
        self.engine = engine_on(self.log, max_per_user=3, authenticate=authenticate)
        self.engine.start()

    def dispatch(self, *entries: Any) -> None:
        self.engine.hub.dispatch(ROOM, self.log.stored(ROOM).epoch, entries)

    async def stop(self) -> None:
        await settled()
        await self.engine.stop()


class Talk:
    """A client's side of one connection."""

    def __init__(self, site: Site, *, rules: Rules = RULES, credential: str = "", scope: dict | None = None) -> None:
        self.site, self.client = site, Client()
        self.connection = ProtocolConnection(
            site.engine,
            send_queue=self.client.send_queue,
            codec=JSON,
            rules=rules,
            close=self.client._close,
            scope=scope or {},
            credential=credential,
        )
        self._seen = 0

    async def say(self, *commands: dict[str, Any] | str) -> list[dict[str, Any]]:
        """One frame with these commands; everything that came since the last one."""
        lines = [command if isinstance(command, str) else json.dumps(command) for command in commands]
        await self.connection.receive("\n".join(lines))
        return await self.heard()

    async def heard(self) -> list[dict[str, Any]]:
        await settled()
        frames = self.client.frames[self._seen :]
        self._seen += len(frames)
        return frames

    async def connect(self, token: str = "alice") -> Talk:
        frames = await self.say({"id": 1, "connect": {"token": token}})
        assert [frame.keys() for frame in frames if frame != {}] == [{"id", "connect"}]  # with pings, on a slow machine
        return self

    async def subscribe(self, channel: str = ROOM, **request: Any) -> dict[str, Any]:
        frames = await self.say({"id": 2, "subscribe": {"channel": channel, **request}})
        (result,) = [frame["subscribe"] for frame in frames if frame.get("id") == 2]
        return result

    @property
    def ended_with(self) -> list[int]:
        return self.client.closed_with


@pytest.fixture
async def site(monkeypatch):
    kinds = {
        "room": StreamKind("room", lambda user, keys: set(), frozenset({"typing.started"}), has_presence=True),
        "user": StreamKind("user", lambda user, keys: set()),
    }
    monkeypatch.setattr(registry, "kinds", kinds)
    site = Site()
    await settled()
    yield site
    await site.stop()


@pytest.fixture
async def talk(site):
    return Talk(site)


@pytest.fixture
async def alice(talk):
    return await talk.connect()


def error(id: int, code: int, message: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "error": {"code": code, "message": message, **more}}


def denied(id: int) -> dict[str, Any]:
    return error(id, 103, "permission denied")


# -- connect ---------------------------------------------------------------------------------------------------------


async def test_a_good_token_connects(talk):
    connected = {"client": talk.connection.id, "version": "tidewire", "ping": 25, "pong": True}
    assert await talk.say({"id": 1, "connect": {"token": "alice", "name": "js"}}) == [{"id": 1, "connect": connected}]
    assert talk.connection.identity == Identity("alice")
    assert talk.ended_with == []


async def test_a_token_of_the_handshake_connects_too(site):
    talk = Talk(site, credential="bob")
    (reply,) = await talk.say({"id": 1, "connect": {}})
    assert "connect" in reply
    assert talk.connection.identity.user_id == "bob"


async def test_the_token_of_the_command_comes_first(site):
    talk = Talk(site, credential="bob")
    await talk.connect("alice")
    assert talk.connection.identity.user_id == "alice"


async def test_a_token_that_ends_says_when(talk):
    (reply,) = await talk.say({"id": 1, "connect": {"token": "alice for 60"}})
    assert reply["connect"]["expires"]
    assert reply["connect"]["ttl"] in (59, 60)


async def test_a_token_of_yesterday_is_an_error_and_another_one_may_follow(talk):
    assert await talk.say({"id": 1, "connect": {"token": "expired"}}) == [error(1, 109, "token expired")]
    await talk.connect()
    assert talk.ended_with == []


@pytest.mark.parametrize("token", ["", "nobody", "alicex"])
async def test_a_bad_token_ends_the_connection_for_good(talk, token):
    assert await talk.say({"id": 1, "connect": {"token": token}}) == []
    assert talk.ended_with == [3500]


async def test_connecting_twice_is_a_mistake(alice):
    await alice.say({"id": 2, "connect": {"token": "alice"}})
    assert alice.ended_with == [3501]


async def test_who_says_nothing_is_closed(site):
    talk = Talk(site, rules=Rules(25, 0.01, NEVER, 2000, 10, 5))
    await until(lambda: talk.ended_with)
    assert talk.ended_with == [3502]


async def test_who_connected_in_time_is_not(site):
    talk, silent = (Talk(site, rules=Rules(25, 0.01, NEVER, 2000, 10, 5)) for _ in range(2))
    await talk.connect()
    await until(lambda: silent.ended_with)
    assert talk.ended_with == []


COMMANDS = [
    {"subscribe": {"channel": ROOM}},
    {"unsubscribe": {"channel": ROOM}},
    {"publish": {"channel": ROOM, "data": {}}},
    {"presence": {"channel": ROOM}},
    {"presence_stats": {"channel": ROOM}},
    {"history": {"channel": ROOM}},
    {"refresh": {"token": "alice"}},
    {"rpc": {"method": "m"}},
    {"sub_refresh": {}},
    {"ping": {}},
    {"something_newer": {}},
    {"subscribe": {}},
]


@pytest.mark.parametrize("command", COMMANDS, ids=str)
async def test_nothing_comes_before_connect(talk, command):
    assert await talk.say({"id": 1, **command}) == []
    assert talk.ended_with == [3501]


@pytest.mark.parametrize("command", COMMANDS[:-2], ids=str)
async def test_a_command_without_an_id_is_a_mistake(alice, command):
    await alice.say(command)
    assert alice.ended_with == [3501]


async def test_connect_without_an_id_is_a_mistake(talk):
    await talk.say({"connect": {"token": "alice"}})
    assert talk.ended_with == [3501]


# -- frames ----------------------------------------------------------------------------------------------------------


async def test_commands_of_one_frame_are_answered_in_order(talk):
    replies = await talk.say(
        {"id": 1, "connect": {"token": "alice"}},
        {"id": 2, "subscribe": {"channel": ROOM}},
        {"id": 3, "subscribe": {"channel": USER}},
        {"id": 4, "ping": {}},
        {"id": 5, "subscribe": {"channel": "room:2"}},
        {"id": 6, "unsubscribe": {"channel": ROOM}},
    )
    assert [reply["id"] for reply in replies if "id" in reply] == [1, 2, 3, 4, 5, 6]
    assert sum(call[0] == "readable_positions" for call in talk.site.log.calls) == 2  # neighbours are one question


@pytest.mark.parametrize("text", ["", "hello", "[]", "{", '{"id":1', "[" * 1500, '{"id":0,"connect":1}'])
async def test_what_is_no_frame_ends_the_connection(alice, text):
    assert await alice.say(text) == []
    assert alice.ended_with == [3501]


async def test_a_frame_that_is_too_long_ends_the_connection(alice):
    await alice.say({"id": 2, "rpc": {"method": "x" * 2000}})
    assert alice.ended_with == [3501]


async def test_too_many_commands_in_a_frame_end_the_connection(alice):
    assert len(await alice.say(*[{"id": number, "ping": {}} for number in range(1, 11)])) == 10
    assert await alice.say(*[{"id": number, "ping": {}} for number in range(1, 12)]) == []
    assert alice.ended_with == [3501]


@pytest.mark.parametrize("command", [{"subscribe": {}}, {"connect": []}, {"ping": {}, "rpc": {}}], ids=str)
async def test_a_command_of_the_wrong_shape_is_an_error(alice, command):
    assert await alice.say({"id": 7, **command}, {"id": 8, "ping": {}}) == [
        error(7, 107, "bad request"),
        {"id": 8, "ping": {}},
    ]


async def test_a_method_that_nobody_named_is_not_found(alice):
    assert await alice.say({"id": 7}, {"id": 8, "something_newer": {}}) == [
        error(7, 104, "method not found"),
        error(8, 104, "method not found"),
    ]


async def test_a_method_that_is_not_here_is_not_available(alice):
    assert await alice.say({"id": 7, "sub_refresh": {}}) == [error(7, 108, "not available")]


async def test_a_message_to_nobody_has_no_answer(alice):
    assert await alice.say({"send": {"data": 1}}, {"id": 3, "send": {}}, {"id": 4, "ping": {}}) == [
        {"id": 4, "ping": {}}
    ]


async def test_a_pong_is_no_command(alice):
    alice.client.send_queue.ping()
    assert await alice.say({}, {}) == [{}]
    assert alice.client.send_queue.unread < 10
    assert alice.ended_with == []


async def test_a_bug_ends_the_connection_so_that_the_client_comes_back(alice, monkeypatch, caplog):
    async def fail(context: rpc.RpcContext, data: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(rpc, "method", lambda name: fail)
    await alice.say({"id": 2, "rpc": {"method": "m"}})
    assert alice.ended_with == [3004]
    assert "a command failed" in caplog.text


async def test_nothing_is_answered_after_the_end(alice):
    assert await alice.say({"id": 2, "connect": {"token": "alice"}}, {"id": 3, "ping": {}}) == []
    assert await alice.say({"id": 4, "ping": {}}) == []
    assert alice.ended_with == [3501]


# -- refresh and expiry ----------------------------------------------------------------------------------------------


async def test_a_newer_token_lengthens_the_connection(talk):
    await talk.connect("alice for 30")
    (reply,) = await talk.say({"id": 2, "refresh": {"token": "alice for 90"}})
    assert reply["id"] == 2
    assert reply["refresh"]["ttl"] in (89, 90)
    assert (reply["refresh"]["client"], reply["refresh"]["expires"]) == (talk.connection.id, True)


async def test_a_token_of_somebody_else_is_not_a_newer_one(alice):
    await alice.say({"id": 2, "refresh": {"token": "bob"}})
    assert alice.ended_with == [3507]
    assert alice.connection.identity.user_id == "alice"


async def test_an_expired_refresh_is_an_error_and_a_bad_one_the_end(alice):
    assert await alice.say({"id": 2, "refresh": {"token": "expired"}}) == [error(2, 109, "token expired")]
    await alice.say({"id": 3, "refresh": {"token": "nobody"}})
    assert alice.ended_with == [3500]


async def test_a_connection_ends_with_its_token(site):
    talk = Talk(site, rules=Rules(25, NEVER, 0.01, 2000, 10, 5))
    await talk.connect("alice for 0.01")
    await until(lambda: talk.ended_with)
    assert talk.ended_with == [3005]


async def test_a_refresh_puts_the_end_off(site):
    short = Rules(25, NEVER, 0.01, 2000, 10, 5)
    talk, other = Talk(site, rules=short), Talk(site, rules=short)
    await talk.connect("alice for 0.01")
    await talk.say({"id": 2, "refresh": {"token": "alice for 60"}})
    await other.connect("alice for 0.02")
    await until(lambda: other.ended_with)
    assert talk.ended_with == []


async def test_a_connection_ends_with_its_session(site):
    talk, other = Talk(site), Talk(site)
    await talk.connect("alice of 1")
    await other.connect("alice of 2")
    site.log.end_session("1")
    site.engine.hub.dispatch(
        "revocations:all", site.log.stored("revocations:all").epoch, site.log.stored("revocations:all").entries
    )
    await settled()
    assert (talk.ended_with, other.ended_with) == ([3503], [])
    again = Talk(site)
    await again.say({"id": 1, "connect": {"token": "alice of 1"}})
    assert again.ended_with == [3500]


# -- keys ------------------------------------------------------------------------------------------------------------


async def test_a_credential_may_take_a_look_up(talk):
    await talk.connect("key alice of 7")
    assert (talk.connection.identity.user_id, talk.connection.identity.session_id) == ("alice", "7")
    stranger, late = Talk(talk.site), Talk(talk.site)
    await stranger.say({"id": 1, "connect": {"token": "key nobody"}})
    assert stranger.ended_with == [3500]
    assert await late.say({"id": 1, "connect": {"token": "key expired"}}) == [error(1, 109, "token expired")]


async def test_what_has_no_successor_is_not_asked_for_one(site):
    talk = Talk(site)
    (reply,) = await talk.say({"id": 1, "connect": {"token": "key alice for 0.01"}})
    assert "expires" not in reply["connect"]
    await until(lambda: talk.ended_with)
    assert talk.ended_with == [3005]


async def test_a_look_up_that_outlives_its_session_opens_nothing(site):
    """Ended, and applied here, while the look-up was under way."""
    site.log.end_session("7")
    revocation_offset = site.log.stored("revocations:all")
    talk = Talk(site)

    def look_up() -> Identity:
        site.engine.hub.dispatch("revocations:all", revocation_offset.epoch, revocation_offset.entries)
        return Identity("alice", session_id="7")

    site.engine.authenticate = lambda credential: look_up
    await talk.say({"id": 1, "connect": {"token": "key"}})
    assert talk.ended_with == [3500]


async def test_a_credential_reads_the_streams_it_is_good_for(talk):
    talk.site.log.members["room:2"] = {"*"}
    await talk.connect(f"alice reading {ROOM}")
    await talk.subscribe()
    for command in ("subscribe", "history"):
        denied = await talk.say({"id": 3, command: {"channel": "room:2"}})
        assert denied == [error(3, 103, "permission denied")]
    signal = {"channel": ROOM, "data": {"type": "typing.started"}}
    assert await talk.say({"id": 4, "publish": signal}) == [error(4, 103, "permission denied")]


async def test_a_narrower_credential_ends_what_it_may_not_read(alice):
    await alice.subscribe()
    frames = await alice.say({"id": 3, "refresh": {"token": "alice reading room:2"}})
    assert [frame["push"]["unsubscribe"]["code"] for frame in frames if "push" in frame] == [2000]
    assert alice.connection.subscriptions == {}


async def test_who_has_spent_their_quota_is_told_to_wait(alice):
    await alice.subscribe()
    alice.site.log.exhausted.add("alice")
    for method in ("history", "presence", "presence_stats", "publish"):
        refused = await alice.say({"id": 3, method: {"channel": ROOM}})
        assert refused == [error(3, 111, "too many requests", temporary=True)]
    frames = await alice.say({"id": 4, "unsubscribe": {"channel": ROOM}}, {"id": 5, "subscribe": {"channel": ROOM}})
    assert [frame for frame in frames if "error" in frame] == []


# -- subscribe -------------------------------------------------------------------------------------------------------


async def test_a_subscription_starts_at_the_head(alice):
    alice.site.log.write(ROOM, 3)
    assert await alice.subscribe() == {
        "recoverable": True,
        "positioned": True,
        "epoch": alice.site.log.stored(ROOM).epoch,
        "offset": 3,
    }
    alice.site.dispatch(*alice.site.log.write(ROOM))
    (frame,) = [frame for frame in await alice.heard() if "pub" in frame.get("push", {})]
    assert (frame["push"]["channel"], frame["push"]["pub"]["offset"]) == (ROOM, 4)
    assert frame["push"]["pub"]["tags"] == {"type": "item.changed"}


async def test_what_was_missed_is_in_the_reply(alice):
    alice.site.log.write(ROOM, 3)
    result = await alice.subscribe(recover=True, epoch=alice.site.log.stored(ROOM).epoch, offset=1)
    assert [publication["offset"] for publication in result["publications"]] == [2, 3]
    assert (result["offset"], result["recovered"], result["was_recovering"]) == (1, True, True)


async def test_what_cannot_be_recovered_is_said(alice):
    alice.site.log.write(ROOM, 3)
    result = await alice.subscribe(recover=True, epoch="another", offset=1)
    assert "recovered" not in result
    assert (result["offset"], result["was_recovering"]) == (3, True)


async def test_what_cannot_be_recovered_is_an_error_to_who_wants_one(alice):
    request = {"channel": ROOM, "recover": True, "epoch": "another", "offset": 1, "flag": 2}
    assert await alice.say({"id": 2, "subscribe": request}) == [error(2, 112, "unrecoverable position")]
    await alice.subscribe()  # without a position one may


async def test_subscribing_twice_is_an_error(alice):
    await alice.subscribe()
    assert await alice.say({"id": 3, "subscribe": {"channel": ROOM}}) == [error(3, 105, "already subscribed")]
    request = {"subscribe": {"channel": USER}}
    replies = await alice.say({"id": 4, **request}, {"id": 5, **request})
    assert sorted(reply["id"] for reply in replies) == [4, 5]
    assert error(5, 105, "already subscribed") in replies


async def test_there_is_a_limit_to_subscriptions(alice):
    replies = await alice.say(*[{"id": n, "subscribe": {"channel": f"room:{n}"}} for n in range(1, 7)])
    assert error(6, 106, "limit exceeded") in replies
    assert len(alice.connection.subscriptions) == 5
    await alice.say({"id": 7, "unsubscribe": {"channel": "room:1"}})
    await alice.subscribe("room:6")


@pytest.mark.parametrize(
    "channel", ["room:hidden", "", "room", "room:", "nowhere:1", "room:1/2", "revocations:all", "x" * 200]
)
async def test_hidden_absent_and_impossible_streams_look_the_same(alice, channel):
    alice.site.log.members["room:hidden"] = {"bob"}
    assert await alice.say({"id": 2, "subscribe": {"channel": channel}}) == [denied(2)]
    assert alice.connection.subscriptions == {}
    assert alice.site.engine.subscriptions.streams() == []


async def test_a_database_that_is_away_is_a_temporary_error(alice):
    alice.site.log.error = LogUnavailableError("away")
    expected = error(2, 100, "internal server error", temporary=True)
    assert await alice.say({"id": 2, "subscribe": {"channel": ROOM}}) == [expected]
    alice.site.log.error = None
    await alice.subscribe()


async def test_a_bug_while_subscribing_is_an_error_and_leaves_nothing_behind(alice, caplog):
    alice.site.log.error = ZeroDivisionError()
    expected = error(2, 100, "internal server error", temporary=True)
    assert await alice.say({"id": 2, "subscribe": {"channel": ROOM}}) == [expected]
    assert "subscribing failed" in caplog.text
    assert (alice.connection.subscriptions, alice.site.engine.subscriptions.streams()) == ({}, [])


async def test_after_an_unsubscribe_nothing_comes(alice):
    await alice.subscribe()
    assert await alice.say({"id": 3, "unsubscribe": {"channel": ROOM}}) == [{"id": 3, "unsubscribe": {}}]
    alice.site.dispatch(*alice.site.log.write(ROOM))
    assert await alice.heard() == []
    assert alice.site.engine.subscriptions.streams() == []


async def test_unsubscribing_from_what_one_does_not_follow_is_harmless(alice):
    assert await alice.say({"id": 3, "unsubscribe": {"channel": "nowhere"}}) == [{"id": 3, "unsubscribe": {}}]


async def test_losing_a_stream_is_told_and_leaves_the_others(alice):
    log = alice.site.log
    await alice.subscribe()
    await alice.subscribe(USER)
    log.members[ROOM] = {"bob"}
    alice.site.dispatch(*log.write(ROOM, ends_access="alice"), *log.write(ROOM))
    pushes = [frame["push"] for frame in await alice.heard() if "push" in frame]
    assert [push for push in pushes if "pub" in push and push["pub"]["offset"] == 2] == []
    assert {"channel": ROOM, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}} in pushes
    assert list(alice.connection.subscriptions) == [USER]
    assert await alice.say({"id": 3, "subscribe": {"channel": ROOM}}) == [denied(3)]


async def test_who_goes_leaves_nothing_registered(alice):
    await alice.subscribe()
    await alice.subscribe(USER)
    alice.connection.closed()
    alice.connection.closed()
    assert alice.site.engine.subscriptions.streams() == []
    assert len(alice.site.engine.connections) == 0
    assert alice.ended_with == []  # the socket is gone: there is nothing to close


async def test_who_goes_while_subscribing_leaves_nothing_registered(alice):
    alice.site.log.hold()
    subscribing = asyncio.create_task(alice.connection.receive('{"id":2,"subscribe":{"channel":"room:1"}}'))
    await settled()
    alice.connection.closed()
    alice.site.log.release()
    await subscribing
    assert alice.site.engine.subscriptions.streams() == []
    assert alice.connection.subscriptions == {}


async def test_a_user_has_so_many_connections_and_the_oldest_ends(site):
    talks = [await Talk(site).connect() for _ in range(4)]
    assert [talk.ended_with for talk in talks] == [[3504], [], [], []]
    await Talk(site).connect("bob")
    assert talks[1].ended_with == []


# -- history, presence, signals, calls -------------------------------------------------------------------------------


def offsets(reply: dict[str, Any]) -> list[int]:
    return [publication["offset"] for publication in reply["history"]["publications"]]


async def test_history_without_a_limit_is_the_position(alice):
    alice.site.log.write(ROOM, 3)
    epoch = alice.site.log.stored(ROOM).epoch
    assert await alice.say({"id": 2, "history": {"channel": ROOM}}) == [
        {"id": 2, "history": {"publications": [], "epoch": epoch, "offset": 3}}
    ]


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"limit": 2}, [1, 2]),
        ({"limit": 100}, [1, 2, 3, 4, 5]),
        ({"limit": 2, "since": {"offset": 3}}, [4, 5]),
        ({"limit": 2, "reverse": True}, [5, 4]),
        ({"limit": 2, "reverse": True, "since": {"offset": 4}}, [3, 2]),
    ],
    ids=str,
)
async def test_history_in_pages(alice, request_, expected):
    alice.site.log.write(ROOM, 5)
    (reply,) = await alice.say({"id": 2, "history": {"channel": ROOM, **request_}})
    assert offsets(reply) == expected
    assert reply["history"]["offset"] == 5


async def test_history_of_another_epoch_is_an_error(alice):
    alice.site.log.write(ROOM, 5)
    request = {"channel": ROOM, "limit": 2, "since": {"offset": 1, "epoch": "another"}}
    assert await alice.say({"id": 2, "history": request}) == [error(2, 112, "unrecoverable position")]


async def test_history_is_for_readers(alice):
    alice.site.log.members[ROOM] = {"bob"}
    assert await alice.say({"id": 2, "history": {"channel": ROOM, "limit": 2}}) == [denied(2)]


@pytest.mark.parametrize(
    "name", ["\0", "room:\0", "room:*", "ROOM:1", "room", "", "room:" + "1" * 65, "planet:1", "revocations:all"]
)
async def test_history_of_what_is_no_stream_asks_nobody(alice, name):
    before = list(alice.site.log.calls)
    assert await alice.say({"id": 2, "history": {"channel": name, "limit": 2}}) == [denied(2)]
    assert alice.site.log.calls == before


async def test_history_holds_nothing_that_was_written_after_its_reader_was_removed(alice):
    log = alice.site.log
    log.write(ROOM)
    log.hold()
    asked = asyncio.create_task(alice.connection.receive('{"id":2,"history":{"channel":"room:1","limit":9}}'))
    await settled()
    log.members[ROOM] = {"bob"}
    log.write(ROOM, ends_access="alice")
    secret = log.write(ROOM)[0].offset
    log.release()
    await asked
    (reply,) = await alice.heard()
    assert reply == denied(2) or secret not in offsets(reply)


async def test_presence_is_for_subscribers(alice):
    assert await alice.say({"id": 2, "presence": {"channel": ROOM}}) == [denied(2)]
    await alice.subscribe()
    me = {"user": "alice", "client": alice.connection.id}
    assert await alice.say(
        {"id": 3, "presence": {"channel": ROOM}}, {"id": 4, "presence_stats": {"channel": ROOM}}
    ) == [
        {"id": 3, "presence": {"presence": {alice.connection.id: me}}},
        {"id": 4, "presence_stats": {"num_clients": 1, "num_users": 1}},
    ]


async def test_some_streams_have_no_presence_and_no_signals(alice):
    await alice.subscribe(USER)
    signal = {"channel": USER, "data": {"type": "typing.started"}}
    assert await alice.say({"id": 3, "presence": {"channel": USER}}, {"id": 4, "publish": signal}) == [
        error(3, 108, "not available"),
        error(4, 108, "not available"),
    ]


async def test_joins_and_leaves_go_to_who_asked_for_them(site):
    alice, bob = await Talk(site).connect(), await Talk(site).connect("bob")
    await alice.subscribe(join_leave=True)
    await bob.subscribe()
    await bob.say({"id": 3, "unsubscribe": {"channel": ROOM}})
    info = {"user": "bob", "client": bob.connection.id}
    told = [frame["push"] for frame in await alice.heard() if "push" in frame]
    assert told == [{"channel": ROOM, "join": {"info": info}}, {"channel": ROOM, "leave": {"info": info}}]
    assert [frame for frame in await bob.heard() if "push" in frame] == []


async def test_a_signal_reaches_the_other_subscribers(site):
    alice, bob = await Talk(site).connect(), await Talk(site).connect("bob")
    for talk in (alice, bob):
        await talk.subscribe()
    signal = {"channel": ROOM, "data": {"type": "typing.started", "data": {"a": 1}}}
    assert {"id": 3, "publish": {}} in await alice.say({"id": 3, "publish": signal})
    (frame,) = [frame for frame in await bob.heard() if "pub" in frame.get("push", {})]
    pub = frame["push"]["pub"]
    assert (pub["data"]["type"], pub["data"]["data"]) == ("typing.started", {"a": 1})
    assert pub["data"]["actor"] == {"type": "user", "id": "alice"}
    assert pub["info"] == {"user": "alice", "client": alice.connection.id}
    assert "offset" not in pub


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "typing.started",
        {},
        {"type": "message.created"},
        {"type": "typing.started", "more": 1},
        {"type": []},
    ],
    ids=str,
)
async def test_a_signal_has_a_type_that_its_stream_allows(alice, data):
    await alice.subscribe()
    request = {"channel": ROOM, "data": data}
    assert error(3, 107, "bad request") in await alice.say({"id": 3, "publish": request})
    assert alice.ended_with == []


async def test_a_signal_is_for_subscribers(alice):
    request = {"channel": ROOM, "data": {"type": "typing.started"}}
    assert await alice.say({"id": 3, "publish": request}) == [denied(3)]


async def test_too_many_signals_are_refused(alice):
    await alice.subscribe()
    request = {"publish": {"channel": ROOM, "data": {"type": "typing.started"}}}
    replies = await alice.say(*[{"id": number, **request} for number in range(1, 8)])
    refused = [reply for reply in replies if "error" in reply]
    assert refused == [error(n, 111, "too many requests", temporary=True) for n in (6, 7)]


async def test_who_subscribes_anew_is_not_given_more_signals(alice):
    typing = {"publish": {"channel": ROOM, "data": {"type": "typing.started"}}}
    codes = []
    for _ in range(3):
        await alice.subscribe()
        replies = await alice.say(*[{"id": number, **typing} for number in range(1, 4)])
        codes += [reply["error"]["code"] for reply in replies if "error" in reply]
        await alice.say({"id": 9, "unsubscribe": {"channel": ROOM}})
    assert codes == [111] * 4


async def test_a_call_is_answered_by_its_method(alice, monkeypatch):
    async def double(context: rpc.RpcContext, data: Any) -> Any:
        if not isinstance(data, int):
            raise rpc.RpcDataError
        return {"user": context.identity.user_id, "data": 2 * data}

    monkeypatch.setattr(rpc, "method", {"double": double}.get)
    assert await alice.say(
        {"id": 2, "rpc": {"method": "double", "data": 21}},
        {"id": 3, "rpc": {"method": "double", "data": "x"}},
        {"id": 4, "rpc": {"method": "triple", "data": 1}},
        {"id": 5, "rpc": {}},
    ) == [
        {"id": 2, "rpc": {"data": {"user": "alice", "data": 42}}},
        error(3, 107, "bad request"),
        error(4, 108, "not available"),
        error(5, 108, "not available"),
    ]


async def test_a_calls_data_is_read_strictly(alice, monkeypatch):
    async def echo(context: rpc.RpcContext, data: Any) -> Any:
        return data

    monkeypatch.setattr(rpc, "method", lambda name: echo)
    for data in ('{"a":1,"a":2}', '"\\u0000"', str(2**60)):
        (reply,) = await alice.say(f'{{"id":2,"rpc":{{"method":"m","data":{data}}}}}')
        assert reply == error(2, 107, "bad request")


# -- pings -----------------------------------------------------------------------------------------------------------


async def test_the_server_pings_in_its_rhythm(site):
    talk = Talk(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5))
    await talk.connect()
    await until(lambda: talk.client.frames.count({}) >= 3)
    talk.connection.closed()
    count = talk.client.frames.count({})
    other = Talk(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5))
    await other.connect()
    await until(lambda: other.client.frames.count({}) >= 3)
    assert talk.client.frames.count({}) == count


async def test_nobody_is_pinged_before_connect(site):
    talk, other = (Talk(site, rules=Rules(0.005, NEVER, NEVER, 2000, 10, 5)) for _ in range(2))
    await other.connect()
    await until(lambda: other.client.frames.count({}) >= 2)
    assert talk.client.frames == []
