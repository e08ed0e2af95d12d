"""What the relay ends at nodes, and that it copies nothing that follows before each node has answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections
from django.test import Client as HttpClient

from api.auth import sessions
from api.models import Member, Room, User
from tests.factories import add_member, make_message, make_room, make_user
from tests.tidewire.centrifugo.broker_schema import ask
from tests.tidewire.centrifugo.node_api import Command, NodeApi
from tests.tidewire.centrifugo.reading import copy, logged, rows, subscribe
from tidewire.centrifugo import messages, subscribing
from tidewire.centrifugo import relay as relays
from tidewire.centrifugo.nodes import NodeAwayError, Nodes
from tidewire.centrifugo.proxy_views import HEADER
from tidewire.centrifugo.relay import Relay
from tidewire.centrifugo.settling import SETTLE_SECONDS
from tidewire.centrifugo.subscribing import Client
from tidewire.centrifugo.tables import EdgeMessage, EdgeSubscription
from tidewire.ground.conf import conf
from tidewire.layer.messages import Ephemeral
from tidewire.log.revocations import revoke_sessions
from tidewire.log.tables import Stream
from tidewire.protocol.codes import ErrorCode
from tidewire.protocol.pushes import ClientInfo

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.shown_on("postgresql")]


@pytest.fixture
def owner() -> User:
    return make_user("Olga")


@pytest.fixture
def guest() -> User:
    return make_user("Gus")


@pytest.fixture
def room(relay: Relay, owner: User, guest: User) -> Room:
    """A room that both read at nodes. All of it is copied."""
    room = make_room(owner, guest)
    subscribe(owner, stream_of(room), "c1", "s1")
    subscribe(guest, stream_of(room), "c2", "s2")
    copy(relay)
    return room


def stream_of(room: Room) -> str:
    return f"room:{room.pk}"


def remove(room: Room, user: User) -> None:
    Member.objects.filter(room=room, user=user).delete()


def types(room: Room) -> list[str]:
    """Returns the types of the rows that nodes have, in their order."""
    return [row.tags["type"] for row in rows(stream_of(room)) if row.tags]


def when(apis: list[NodeApi], room: Room) -> list[list[str]]:
    """Returns a list to which each call of a node adds what is copied at that moment."""
    found: list[list[str]] = []

    def note(commands: list[Command]) -> None:
        try:
            found.append(types(room))
        finally:
            connections.close_all()

    for api in apis:
        api.on_call = note
    return found


def test_a_removal_ends_the_subscription_on_each_node_before_it_is_copied(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    before, found = types(room), when(apis, room)
    remove(room, guest)
    make_message(room, owner, "not for Gus")
    copy(relay)
    for api in apis:
        assert api.called("unsubscribe") == [{"channel": stream_of(room), "user": str(guest.pk), "client": ""}]
        assert api.called("disconnect") == []
    assert found == [before, before]
    assert rows(stream_of(room)) == logged(stream_of(room))
    assert types(room)[-2:] == ["member.left", "message.created"]
    assert [row.client for row in EdgeSubscription.objects.all()] == ["c1"]


def test_a_session_that_ended_is_disconnected_before_anything_that_follows(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    before, found = types(room), when(apis, room)
    revoke_sessions(str(guest.pk), ["s2"])
    make_message(room, owner, "not for Gus")
    copy(relay)
    for api in apis:
        assert api.called("unsubscribe") == [{"channel": stream_of(room), "user": str(guest.pk), "client": "c2"}]
        (ended,) = api.called("disconnect")
        assert (ended["user"], ended["client"], ended["disconnect"]["code"]) == (str(guest.pk), "c2", 3503)
    assert found == [before, before]
    assert types(room) == [*before, "message.created"]
    assert copy(relay) == 0
    assert len(apis[0].commands) == 2, "it is carried out once"


def test_a_room_that_is_deleted_ends_all_of_its_subscriptions(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    stream = stream_of(room)
    room.delete()
    copy(relay)
    for api in apis:
        assert {call["user"] for call in api.called("unsubscribe")} == {str(guest.pk), str(owner.pk)}
    assert EdgeSubscription.objects.count() == 0
    assert "text" not in str(rows(stream))


@pytest.mark.parametrize("end", ["removal", "session"])
@pytest.mark.parametrize(
    "fail",
    [
        lambda api: setattr(api, "status", 500),
        lambda api: setattr(api, "error", {"code": 100, "message": "internal server error"}),
        lambda api: setattr(api, "on_call", lambda commands: 1 / 0),
        lambda api: setattr(api, "rubbish", "<html>"),
        lambda api: setattr(api, "rubbish", {"result": {}}),
    ],
    ids=["answers 500", "refuses", "hangs up", "is no node", "answers otherwise"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_while_one_node_does_not_carry_it_out_nothing_is_copied_to_any(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi], end: str, fail: Callable[[NodeApi], Any]
) -> None:
    other = make_room(owner)
    subscribe(owner, stream_of(other), "c3", "s1")
    before, is_session = types(room), end == "session"
    fail(apis[1])
    revoke_sessions(str(guest.pk), ["s2"]) if is_session else remove(room, guest)
    make_message(other, owner)
    make_message(room, owner, "not for Gus")
    for _ in range(2):
        with pytest.raises(NodeAwayError, match=f"^{apis[1].url} (does not|answers|refuses)"):
            relay.turn()
    assert types(room) == before
    assert types(other) == []
    assert EdgeSubscription.objects.filter(client="c2").exists()
    apis[1].forget()
    copy(relay)
    assert rows(stream_of(room)) == logged(stream_of(room))
    assert rows(stream_of(other)) == logged(stream_of(other))
    assert not EdgeSubscription.objects.filter(client="c2").exists()


def test_a_node_with_another_key_is_one_that_does_not_answer(relay: Relay, room: Room, guest: User) -> None:
    relay._nodes._headers[0] = ("X-API-Key", "wrong")
    remove(room, guest)
    with pytest.raises(NodeAwayError, match="answers 401"):
        relay.turn()


def test_a_subscription_that_a_node_may_just_be_making_is_ended_again(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    """Until the node has given up its question: the stream waits for so long, and others do not."""
    other = make_room(owner)
    subscribe(owner, stream_of(other), "c3", "s1")
    ask("UPDATE tidewire_edgesubscription SET asked_at = clock_timestamp() WHERE client = 'c2' RETURNING 1")
    before = types(room)
    remove(room, guest)
    make_message(other, owner)
    for _ in range(3):
        relay.turn()
    assert types(room) == before
    assert rows(stream_of(other)) == logged(stream_of(other))
    assert len(apis[0].called("unsubscribe")) == 3
    age = f"interval '{SETTLE_SECONDS + 0.1} seconds'"
    ask(f"UPDATE tidewire_edgesubscription SET asked_at = clock_timestamp() - {age} WHERE client = 'c2' RETURNING 1")
    copy(relay)
    assert rows(stream_of(room)) == logged(stream_of(room))


def test_an_ephemeral_message_waits_for_an_end_before_it(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    apis[0].status = 503
    remove(room, guest)
    messages.add([Ephemeral(stream_of(room), "{}", ClientInfo(str(owner.pk), "c1"))], "default")
    with pytest.raises(NodeAwayError):
        relay.turn()
    assert EdgeMessage.objects.filter(is_copied=False).count() == 1
    apis[0].forget()
    copy(relay)
    assert [row.offset for row in rows(stream_of(room))][-2:] == [3, 0]


def test_a_relay_that_begins_late_carries_out_what_tokens_can_have_outlived(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    """It has lost its position, as after the tables were emptied."""
    revoke_sessions(str(guest.pk), ["s2"])
    ask("DELETE FROM tidewire_edgeposition RETURNING 1")
    copy(relay)
    assert [call["client"] for call in apis[0].called("disconnect")] == ["c2"]


# -- the loop ----------------------------------------------------------------------------------------------------------


class Watched(Relay):
    """A relay that says which session of the database it has."""

    session = 0

    def turn(self) -> int:
        connections["default"].ensure_connection()
        self.session = connections["default"].connection.info.backend_pid
        return super().turn()


def test_a_lost_connection_to_the_database_stops_no_relay(
    room: Room, guest: User, owner: User, nodes: Nodes, apis: list[NodeApi], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is lost twice: between two statements of a transaction, while a node answers; and while nothing is new."""
    monkeypatch.setattr(relays, "AWAY_SECONDS", 0.02)
    relay, lost = Watched(nodes), []

    def lose(commands: list[Command]) -> None:
        if not lost:
            lost.extend(ask("SELECT pg_terminate_backend(%s)", relay.session))
            connections.close_all()

    apis[0].on_call = lose
    thread = threading.Thread(target=run, args=[relay])
    thread.start()
    try:
        remove(room, guest)
        wait_for(lambda: types(room)[-1:] == ["member.left"])
        assert lost == [(True,)]
        assert ask("SELECT pg_terminate_backend(%s)", relay.session) == [(True,)]
        make_message(room, owner)
        wait_for(lambda: rows(stream_of(room)) == logged(stream_of(room)))
    finally:
        relay.stop()
        thread.join(10)
    assert not thread.is_alive()


def run(relay: Relay) -> None:
    try:
        relay.run()
    finally:
        connections.close_all()


def wait_for(is_done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_done():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- subscribing -------------------------------------------------------------------------------------------------------


def client_of(user: User, id: str = "c9") -> Client:
    """A connection at a node, with a session of its own."""
    from api.auth import tokens

    claims = tokens.read_access(sessions.sign_in_as(user)["access"])
    return Client(id, str(user.pk), {"sid": claims.session_id})


def test_a_subscribe_is_answered_when_the_nodes_have_the_head(relay: Relay, room: Room, owner: User) -> None:
    assert subscribing.subscribe(client_of(owner), stream_of(room)) is None
    make_message(room, owner)
    assert subscribing.subscribe(client_of(owner), stream_of(room)) is ErrorCode.INTERNAL  # no relay works
    copy(relay)
    assert subscribing.subscribe(client_of(owner), stream_of(room)) is None


def test_a_renewal_does_not_wait_for_the_relay(relay: Relay, room: Room, owner: User) -> None:
    client = client_of(owner)
    assert subscribing.subscribe(client, stream_of(room)) is None
    make_message(room, owner)  # no relay works
    assert refreshed(client, stream_of(room)).keys() == {"expire_at"}
    assert refreshed(client, f"room:{uuid4()}") == {"expired": True}


def refreshed(client: Client, channel: str) -> dict[str, Any]:
    """Returns what a node is answered that asks whether a subscription goes on."""
    body = {"client": client.id, "user": client.user, "meta": client.meta, "channel": channel}
    headers = {HEADER: str(conf.CENTRIFUGO_SECRET)}
    answer = HttpClient().post("/centrifugo/sub_refresh/", body, content_type="application/json", headers=headers)
    return answer.json()["result"]


def test_a_first_subscribe_makes_the_stream_known(relay: Relay, owner: User) -> None:
    new = make_room(owner)
    assert subscribing.subscribe(client_of(owner), stream_of(new)) is ErrorCode.INTERNAL
    copy(relay)
    assert rows(stream_of(new)) == logged(stream_of(new))
    assert subscribing.subscribe(client_of(owner), stream_of(new)) is None


@pytest.mark.parametrize(
    "change",
    [
        lambda name: name.upper(),
        lambda name: name.replace(":", "::"),
        lambda name: f"{name}#",
        lambda name: f"{name}\0",
        lambda name: f"{name}é",
        lambda name: f"{name}'; DROP TABLE cf_binary_stream; --",
        lambda name: "room:" + "a" * 65,
        lambda name: "x" * 5000,
        lambda name: "",
        lambda name: "revocations:all",
        lambda name: "nothing:1",
        lambda name: "room:%s",
        lambda name: name[:-1] + ("0" if name[-1] != "0" else "1"),
    ],
)
def test_other_names_are_refused_and_leave_nothing(
    relay: Relay, room: Room, owner: User, change: Callable[[str], str]
) -> None:
    client, name = client_of(owner), change(stream_of(room))
    known, streams = ask("SELECT channel FROM cf_binary_stream_meta"), Stream.objects.count()
    assert subscribing.subscribe(client, name) is ErrorCode.PERMISSION_DENIED
    assert ask("SELECT channel FROM cf_binary_stream_meta") == known
    assert Stream.objects.count() == streams
    assert not EdgeSubscription.objects.filter(client="c9").exists()


def test_a_stranger_leaves_no_subscription(relay: Relay, room: Room) -> None:
    assert subscribing.subscribe(client_of(make_user("Mallory")), stream_of(room)) is ErrorCode.PERMISSION_DENIED
    assert not EdgeSubscription.objects.filter(client="c9").exists()


def test_a_refused_renewal_leaves_the_end_to_the_relay(
    relay: Relay, room: Room, guest: User, owner: User, apis: list[NodeApi]
) -> None:
    """The node has the subscription until it has read the answer, and must get nothing later before that."""
    client = client_of(guest)
    assert subscribing.subscribe(client, stream_of(room)) is None
    remove(room, guest)
    make_message(room, owner, "not for Gus")
    assert subscribing.allow(client, stream_of(room)) is ErrorCode.PERMISSION_DENIED
    before = types(room)
    relay.turn()
    assert {call["user"] for call in apis[0].called("unsubscribe")} == {str(guest.pk)}
    assert types(room) == before  # a node may just be making it


def test_a_member_who_comes_back_is_allowed_again(relay: Relay, room: Room, guest: User) -> None:
    remove(room, guest)
    copy(relay)
    assert subscribing.subscribe(client_of(guest), stream_of(room)) is ErrorCode.PERMISSION_DENIED
    add_member(room, guest)
    copy(relay)
    assert subscribing.subscribe(client_of(guest), stream_of(room)) is None
