"""A program with an API key: it works over socket and REST, only in its room, and nowhere once it is revoked."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

FORCED, INVALID_TOKEN = 3503, 3500
PERMISSION_DENIED = 103
CLOSE_SECONDS = 2.0


def robot(owner: Person, *scopes: str, stream: str | None = None) -> tuple[Person, str]:
    """Makes a key of `owner`. Returns the program that uses it, and the key's id."""
    made = owner.post("keys/", {"name": "Robot", "scopes": scopes, "stream": stream})
    program = owner.at(str(owner.http.base_url))
    program.id, program.access = made["user"]["id"], made["key"]
    return program, made["id"]


def ask(socket: RawSocket, command: str, **request: Any) -> dict[str, Any]:
    socket.send({"id": 9, command: request})
    return socket.reply(9)


def test_a_program_reads_writes_and_is_revoked(
    site: Site, people: People, room: str, raw: Callable[[str], RawSocket]
) -> None:
    alice, bob, _ = people
    program, id = robot(alice, "streams:read", "messages:write", stream=channel(room))
    socket = raw(site.servers[-1].ws_url)
    assert "expires" not in socket.connect(program.access)["connect"]
    assert "subscribe" in socket.subscribe(channel(room))
    program.say(room, "All is well")
    event = socket.receive()["push"]["pub"]["data"]
    assert (event["type"], event["actor"]) == ("message.created", {"type": "service", "id": program.id})

    alice.delete(f"keys/{id}/")
    answered_at = time.monotonic()
    bob.say(room, "Is it gone?")
    assert socket.close_code() == FORCED
    assert time.monotonic() - answered_at < CLOSE_SECONDS
    assert program.send("GET", "me/").status_code == 401
    again = raw(site.servers[0].ws_url)
    again.send({"id": 1, "connect": {"token": program.access}})
    assert again.close_code() == INVALID_TOKEN


def test_a_key_opens_the_streams_it_was_made_for(
    site: Site, people: People, room: str, raw: Callable[[str], RawSocket]
) -> None:
    alice, bob, _ = people
    elsewhere = alice.make_room(kind="public")
    confined, _ = robot(alice, "streams:read", stream=channel(room))
    socket = raw(site.server.ws_url)
    socket.connect(confined.access)
    assert socket.subscribe(channel(elsewhere))["error"]["code"] == PERMISSION_DENIED
    assert "subscribe" in socket.subscribe(channel(room))
    typing = ask(socket, "publish", channel=channel(room), data={"type": "typing"})
    assert typing["error"]["code"] == PERMISSION_DENIED

    writer, _ = robot(bob, "messages:write")
    deaf = raw(site.server.ws_url)
    deaf.connect(writer.access)
    for command in ("subscribe", "history"):
        assert ask(deaf, command, channel=channel(room))["error"]["code"] == PERMISSION_DENIED
    call = {"method": "POST", "path": f"/api/v1/rooms/{room}/messages/", "body": {"text": "By key"}}
    assert ask(deaf, "rpc", method="api.call", data=call)["rpc"]["data"]["status"] == 201


def test_a_removed_owners_key_reads_no_more(
    site: Site, people: People, room: str, raw: Callable[[str], RawSocket]
) -> None:
    """On the open socket as well: nothing that is written after the removal reaches it."""
    alice, bob, _ = people
    alice.patch(f"rooms/{room}/members/{bob.id}/", {"role": "owner"})
    program, id = robot(bob, "streams:read", "messages:read", stream=channel(room))
    theirs, members = raw(site.servers[-1].ws_url), raw(site.server.ws_url)
    theirs.connect(program.access)
    members.connect(alice.fresh_token())
    for socket in (theirs, members):
        assert "subscribe" in socket.subscribe(channel(room))
    alice.remove(room, bob)
    answered_at = time.monotonic()
    alice.say(room, "Is he gone?")
    assert theirs.close_code() == FORCED
    assert time.monotonic() - answered_at < CLOSE_SECONDS
    assert program.send("GET", f"rooms/{room}/messages/").status_code == 401
    pushed = [members.receive()["push"]["pub"]["data"] for _ in range(4)]
    assert sorted(event["type"] for event in pushed) == ["key.ended", "member.left", "member.left", "message.created"]
    assert next(event["data"]["id"] for event in pushed if event["type"] == "key.ended") == id
