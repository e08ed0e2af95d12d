"""/ws/chat/: the plain socket of one room, with the tokens, codes and rights of the main socket."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

PERMISSION_DENIED, INVALID_TOKEN, BAD_REQUEST, STALE, FORCED = 3507, 3500, 3501, 3502, 3503

Open = Callable[..., RawSocket]
Json = dict[str, Any]


def chat_url(site: Site, room: str = "", process: int = 0) -> str:
    base = site.servers[process].ws_url.partition("/connection")[0]
    return f"{base}/ws/chat/{room}/" if room else f"{base}/ws/chat/"


@pytest.fixture
def enter(site: Site, raw: Open) -> Callable[..., RawSocket]:
    """Opens a socket of this person in the room, with the token in the header, and reads its hello."""

    def enter(person: Person, room: str, process: int = 0) -> RawSocket:
        headers = {"Authorization": f"Bearer {person.access}"}
        socket = raw(chat_url(site, room, process), additional_headers=headers)
        hello = socket.receive()
        assert (hello["type"], hello["room"], hello["user"]) == ("hello", room, person.id)
        assert hello["stream"]["channel"] == channel(room)
        return socket

    return enter


def stored(person: Person, room: str) -> list[Json]:
    return person.messages(room)[0]


def test_a_message_is_stored_and_reaches_every_member_as_a_plain_event(
    site: Site, people: People, room: str, enter: Callable[..., RawSocket]
) -> None:
    alice, bob, _ = people
    sockets = [enter(alice, room), enter(bob, room, process=-1)]
    sockets[0].send({"message": "Ahoy"})
    events = [socket.receive() for socket in sockets]
    assert events[0] == events[1]
    assert (events[0]["type"], events[0]["actor"]) == ("message.created", {"type": "user", "id": alice.id})
    assert stored(bob, room) == [events[0]["data"]]
    bob.say(room, "Aye")
    assert [socket.receive()["data"]["text"] for socket in sockets] == ["Aye", "Aye"]


def test_many_events_are_one_object_each(people: People, room: str, enter: Callable[..., RawSocket]) -> None:
    alice, bob, _ = people
    socket = enter(bob, room)
    for number in range(20):
        alice.say(room, str(number))
    assert [socket.receive()["data"]["text"] for _ in range(20)] == [str(number) for number in range(20)]


def test_the_first_message_may_be_the_token(site: Site, people: People, room: str, raw: Open) -> None:
    bob = people[1]
    socket = raw(chat_url(site, room))
    socket.send({"token": bob.access})
    assert socket.receive()["type"] == "hello"
    socket.send({"token": bob.fresh_token()})
    assert socket.receive()["type"] == "renewed"


@pytest.mark.shown_on("embedded")
@pytest.mark.parametrize("token", ["", "x", None, 5, ["x"]])
def test_a_wrong_token_is_closed(site: Site, room: str, raw: Open, token: object) -> None:
    socket = raw(chat_url(site, room))
    socket.send({"token": token})
    assert socket.close_code() in (INVALID_TOKEN, BAD_REQUEST)


@pytest.mark.shown_on("embedded")
def test_a_message_before_the_token_is_refused(site: Site, people: People, room: str, raw: Open) -> None:
    socket = raw(chat_url(site, room))
    socket.send({"message": "Ahoy"})
    assert socket.close_code() == BAD_REQUEST
    assert stored(people[0], room) == []


@pytest.mark.shown_on("embedded")
def test_another_persons_token_ends_it(site: Site, people: People, room: str, enter: Callable[..., RawSocket]) -> None:
    socket = enter(people[1], room)
    socket.send({"token": people[2].access})
    assert socket.close_code() == PERMISSION_DENIED


@pytest.mark.shown_on("embedded")
def test_a_stranger_and_an_absent_room_are_closed_alike(site: Site, people: People, room: str, raw: Open) -> None:
    charlie = people[2]
    absent = room[:-4] + ("0000" if room[-4:] != "0000" else "1111")
    headers = {"Authorization": f"Bearer {charlie.access}"}
    for each in (room, absent):
        assert raw(chat_url(site, each), additional_headers=headers).close_code() == PERMISSION_DENIED


@pytest.mark.shown_on("embedded")
def test_a_guest_reads_and_gets_an_error_for_writing(people: People, enter: Callable[..., RawSocket]) -> None:
    alice, _, charlie = people
    room = alice.make_room(kind="public")
    socket = enter(charlie, room)
    socket.send({"message": "Ahoy"})
    error = socket.receive()
    assert (error["type"], error["status"], error["code"]) == ("error", 403, "permission_denied")
    alice.say(room, "Welcome")
    assert socket.receive()["data"]["text"] == "Welcome"


MISTAKES: list[Any] = [
    "hello",
    "[]",
    '{"message": "a", "message": "b"}',
    '{"message": "a", "room": "x"}',
    '{"message": NaN}',
    '{"message": "\\ud800"}',
    '{"message": "\\u0000"}',
    "[" * 5000,
    '{"a": %s}' % ("9" * 5000),
    '{"token": 5}',
]


@pytest.mark.shown_on("embedded")
def test_mistakes_are_answered_and_change_nothing(people: People, room: str, enter: Callable[..., RawSocket]) -> None:
    socket = enter(people[1], room)
    for mistake in MISTAKES:
        socket.send_frame(mistake)
        assert socket.receive() == {"type": "error", "code": 107, "detail": "bad request"}
    for value in ("", " ", None, 5, ["x"], "x" * 4001):
        socket.send({"message": value})
        error = socket.receive()
        assert (error["status"], error["errors"][0]["pointer"]) == (400, "/text")
    socket.send({"message": "still here"})
    assert socket.receive()["data"]["text"] == "still here"
    assert [message["text"] for message in stored(people[0], room)] == ["still here"]


def test_a_removed_member_gets_no_more_events_and_is_closed(
    people: People, room: str, enter: Callable[..., RawSocket]
) -> None:
    alice, bob, _ = people
    socket = enter(bob, room, process=-1)
    alice.remove(room, bob)
    alice.say(room, "not for bob")
    left = socket.receive()
    assert (left["type"], left["data"]) == ("member.left", {"user": {"id": bob.id}})
    assert socket.receive()["type"] == "unsubscribe"
    assert socket.close_code() == PERMISSION_DENIED


def test_signing_out_closes_it(site: Site, people: People, room: str, enter: Callable[..., RawSocket]) -> None:
    bob = people[1]
    bob.log_in()
    socket = enter(bob, room, process=-1)
    bob.post("token/blacklist/", {"refresh": bob.refresh}, signed=False)
    people[0].say(room, "not for bob")
    assert socket.close_code() == FORCED
    bob.log_in()


@pytest.mark.shown_on("embedded")
@pytest.mark.parametrize("address", ["ws/chat/x/", "ws/chat", "ws/", "ws/chat/../chat/"])
def test_other_addresses_are_refused(site: Site, raw: Open, address: str) -> None:
    with pytest.raises(Exception, match="403"):
        raw(f"{site.server.ws_url.partition('connection')[0]}{address}")


@pytest.mark.shown_on("embedded")
def test_an_evil_origin_is_refused(site: Site, people: People, room: str, raw: Open) -> None:
    headers = {"Authorization": f"Bearer {people[1].access}", "Origin": "https://evil.example"}
    with pytest.raises(Exception, match="403"):
        raw(chat_url(site, room), additional_headers=headers)


def test_the_lobby_is_open_to_every_account(site: Site, people: People, raw: Open) -> None:
    alice, _, charlie = people
    headers = {"Authorization": f"Bearer {charlie.access}"}
    lobbies = [r["id"] for r in alice.get("rooms/?discover=true&limit=100")["results"] if r["name"] == "lobby"]
    if not lobbies:
        assert raw(chat_url(site), additional_headers=headers).close_code() == PERMISSION_DENIED
        lobbies = [alice.make_room("lobby", kind="public")]
    socket = raw(chat_url(site), additional_headers=headers)
    hello = socket.receive()
    assert (hello["type"], hello["room"]) == ("hello", lobbies[-1])
    socket.send({"message": "Ahoy"})
    while (event := socket.receive())["type"] != "message.created":
        pass
    assert event["data"]["text"] == "Ahoy"
