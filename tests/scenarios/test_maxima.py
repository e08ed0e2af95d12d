"""Every documented maximum of a connection is used to the full, with each SDK's way of sending.

512 rooms is what a connection may follow. The SDKs for Java, Swift, Go, Dart and Python send a message for each
subscription; those for JavaScript and C# send one message for all. Either way all come up at once, and again after the
server was killed, over one connection.
"""

from __future__ import annotations

import json
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from centrifuge.protocol import client_pb2
from google.protobuf.internal.decoder import _DecodeVarint32
from google.protobuf.internal.encoder import _VarintBytes
from websockets.sync.client import connect

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site, Sites
from tests.rig.verify import IS_VERIFY
from tests.sdk.agents import JsAgent, Position, PyAgent, SdkClient
from tests.tidewire.serve.served import Served
from tidewire.ground.conf import DEFAULTS

COUNT = DEFAULTS["MAX_SUBSCRIPTIONS"]
MISSED = 3  # events of each room while the server is away
# In `make verify` the machine has no other load. Elsewhere there is more time; everything else that is asserted (one
# connection, no event lost) is the same.
UP_SECONDS = float(os.environ.get("UP_SECONDS", "10" if IS_VERIFY else "30"))
AGENTS = {"py": PyAgent, "js": JsAgent}

_MAKE_ROOMS = """
import json
from api.models import Member, Room
rooms = Room.objects.bulk_create(Room(name=f"room {{n}}") for n in range({count}))
Member.objects.bulk_create(Member(room=room, user_id="{owner}", role="owner", read_from=0) for room in rooms)
print(json.dumps([str(room.pk) for room in rooms]))
"""
_WRITE = """
from api.models import Message
for n in range({count}):
    Message.objects.bulk_create(
        Message(room_id=room, author_id="{author}", text=f"missed {{n}}") for room in {rooms}
    )
"""


@pytest.fixture(scope="module", params=["plain", "serve"] if IS_VERIFY else ["serve"])
def module_site(request: pytest.FixtureRequest, size: str, sites: Sites) -> Iterator[Site]:
    """A site behind `manage.py serve`, and one behind the server that `--server` names: daphne or uvicorn."""
    site = sites.make(size, processes=1)
    if request.param == "serve":
        site.servers = [Served(site.environment, site.folder / "served.log")]
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def member(module_site: Site) -> tuple[Person, list[str]]:
    """A person, and the rooms that they are in: as many as one connection may follow."""
    person = module_site.person("member")
    printed = module_site.shell(_MAKE_ROOMS.format(count=COUNT, owner=person.id))
    return person, json.loads(printed.strip().splitlines()[-1])


def write(site: Site, author: Person, rooms: list[str]) -> None:
    site.shell(_WRITE.format(count=MISSED, author=author.id, rooms=rooms))


# -- the public SDKs ---------------------------------------------------------------------------------------------------


@pytest.fixture(
    params=[
        pytest.param("js", marks=pytest.mark.shown_on("embedded")),
        pytest.param("py", marks=pytest.mark.shown_on("grown")),
    ]
)
def client(request: pytest.FixtureRequest) -> Iterator[SdkClient]:
    with AGENTS[request.param]() as client:
        yield client


@pytest.mark.slow
def test_an_sdk_follows_as_many_rooms_as_it_may(
    site: Site, member: tuple[Person, list[str]], client: SdkClient
) -> None:
    person, rooms = member
    channels = [channel(room) for room in rooms]
    person.log_in()

    client.connect(site.ws_url, get_token=person.fresh_token)
    for each in channels:
        client.subscribe(each)
    first = client.wait_for_all("subscribed", channels, timeout=UP_SECONDS)
    assert client.kinds().count("connected") == 1
    assert "disconnected" not in client.kinds()

    mark = len(client.events)
    site.server.kill()
    client.wait_for("connecting", after=mark)
    write(site, person, rooms)
    site.server.start()
    client.wait_for("connected", after=mark)

    back = client.wait_for_all("subscribed", channels, after=mark, timeout=UP_SECONDS)
    assert all(event.was_recovering and event.recovered for event in back.values())
    for each in channels:
        start = first[each].position["offset"]
        offsets = [event.offset for event in client.wait_for_offset(each, start + MISSED)]
        assert offsets == list(range(start + 1, start + MISSED + 1))
    assert client.kinds().count("connected") == 2
    assert "disconnected" not in client.kinds()


# -- frames, as SDKs of other languages send them ----------------------------------------------------------------------

Subscribe = dict[str, Any]


class Follower(ABC):
    """Sends connect and all subscribes without waiting in between, and reads what comes."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}  # by the id of the command
        self.offsets: dict[str, list[int]] = {}  # of the events, by channel

    def follow(self, token: str, commands: list[Subscribe], events: int = 0) -> None:
        """Returns when every subscribe is answered, and each channel has so many events."""
        channels = dict(enumerate((command["channel"] for command in commands), 2))
        self.offsets = {channel: [] for channel in channels.values()}
        self.send(token, dict(enumerate(commands, 2)))
        deadline = time.monotonic() + UP_SECONDS
        while len(self.positions) < len(commands) or any(len(each) < events for each in self.offsets.values()):
            for id, name, position, offsets in self.read(deadline - time.monotonic()):
                self.offsets[channels.get(id, name)] += offsets
                if id:
                    self.positions[id] = position

    @abstractmethod
    def send(self, token: str, commands: dict[int, Subscribe]) -> None:
        """Sends connect, and these subscribes by their ids."""

    @abstractmethod
    def read(self, timeout: float) -> Iterator[tuple[int, str, Position, list[int]]]:
        """Yields (id of a subscribe or 0, channel of a push, position of a reply, offsets of events)."""


class ProtobufFollower(Follower):
    """One Protobuf command in each message: as the SDKs for Java, Swift, Go and Dart."""

    def __init__(self, url: str, closing: ExitStack) -> None:
        super().__init__()
        options = {"proxy": None, "compression": None, "max_size": 2**24}
        self._socket = closing.enter_context(connect(url, subprotocols=["centrifuge-protobuf"], **options))

    def send(self, token: str, commands: dict[int, Subscribe]) -> None:
        connecting = client_pb2.Command(id=1, connect=client_pb2.ConnectRequest(token=token))
        subscribing = (
            client_pb2.Command(id=id, subscribe=client_pb2.SubscribeRequest(**command))
            for id, command in commands.items()
        )
        for command in (connecting, *subscribing):
            data = command.SerializeToString()
            self._socket.send(_VarintBytes(len(data)) + data)

    def read(self, timeout: float) -> Iterator[tuple[int, str, Position, list[int]]]:
        message, at = self._socket.recv(timeout=max(timeout, 0.01)), 0
        assert isinstance(message, bytes)
        while at < len(message):
            size, at = _DecodeVarint32(message, at)
            reply = client_pb2.Reply.FromString(message[at : at + size])
            at += size
            assert not reply.error.code, reply
            if reply.id > 1:
                result = reply.subscribe
                position = {"epoch": result.epoch, "offset": result.offset}
                yield reply.id, "", position, [each.offset for each in result.publications]
            elif reply.push.channel:
                yield 0, reply.push.channel, {}, [reply.push.pub.offset]
            elif size == 0:
                self._socket.send(b"\0")  # the answer to a ping


class OneFrameFollower(Follower):
    """All commands in one message, in JSON: as the SDKs for JavaScript and C#."""

    def __init__(self, url: str, closing: ExitStack) -> None:
        super().__init__()
        self._socket = closing.enter_context(RawSocket(url))

    def send(self, token: str, commands: dict[int, Subscribe]) -> None:
        subscribing = ({"id": id, "subscribe": command} for id, command in commands.items())
        self._socket.send({"id": 1, "connect": {"token": token}}, *subscribing)

    def read(self, timeout: float) -> Iterator[tuple[int, str, Position, list[int]]]:
        reply = self._socket.receive(timeout)
        assert "error" not in reply, reply
        if reply.get("id", 0) > 1:
            result = reply["subscribe"]
            position = {"epoch": result["epoch"], "offset": result.get("offset", 0)}
            yield reply["id"], "", position, [each["offset"] for each in result.get("publications", [])]
        elif "push" in reply:
            yield 0, reply["push"]["channel"], {}, [reply["push"]["pub"]["offset"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "follower",
    [
        pytest.param(ProtobufFollower, marks=pytest.mark.shown_on("grown")),
        pytest.param(OneFrameFollower, marks=pytest.mark.shown_on("embedded")),
    ],
)
def test_frames_of_other_sdks(
    site: Site, member: tuple[Person, list[str]], follower: Callable[[str, ExitStack], Follower]
) -> None:
    person, rooms = member
    channels = [channel(room) for room in rooms]
    person.log_in()
    with ExitStack() as closing:
        before = follower(site.ws_url, closing)
        before.follow(person.access, [{"channel": each} for each in channels])

        site.server.kill()
        write(site, person, rooms)
        site.server.start()

        after = follower(site.ws_url, closing)
        recovering = [
            {"channel": each, "recover": True, "flag": 2, **before.positions[id]} for id, each in enumerate(channels, 2)
        ]
        after.follow(person.access, recovering, events=MISSED)
    for id, each in enumerate(channels, 2):
        start = before.positions[id]["offset"]
        assert after.offsets[each] == list(range(start + 1, start + MISSED + 1))


@pytest.mark.slow
def test_one_subscription_more_is_refused_and_the_others_stay(site: Site, member: tuple[Person, list[str]]) -> None:
    person, rooms = member
    person.log_in()
    with RawSocket(site.ws_url) as socket:
        socket.connect(person.access)
        for id, room in enumerate(rooms, 2):
            assert "error" not in socket.subscribe(channel(room), id=id)
        assert socket.subscribe(f"user:{person.id}", id=COUNT + 2)["error"]["code"] == 106
        message = person.say(rooms[-1], "Still here")
        pushed = socket.receive()["push"]
        assert (pushed["channel"], pushed["pub"]["data"]["data"]["id"]) == (channel(rooms[-1]), message["id"])
