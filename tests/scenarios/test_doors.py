"""Every door tells the same story: the same events in the same order at the same positions, to the same people."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.rig.http_events import EventReader
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People, follow
from tests.sdk.agents import FALLBACK_AGENTS, JsAgent

API = "/api/v1/streams"


@pytest.fixture(params=sorted(FALLBACK_AGENTS))
def fallback(request: pytest.FixtureRequest, site: Site) -> Iterator[JsAgent]:
    """An SDK whose WebSocket is blocked. Its messages go to the last process, its connection is with the first."""
    client = FALLBACK_AGENTS[request.param]()
    client.emulation_url = site.servers[-1].url
    yield client
    client.close()


@pytest.fixture
def readers() -> Iterator[list[EventReader]]:
    opened: list[EventReader] = []
    yield opened
    for reader in opened:
        reader.close()


def log_of(person: Person, room: str, query: str = "") -> httpx.Response:
    return person.http.get(
        f"{API}/{channel(room)}/log/{query}", headers={"Authorization": f"Bearer {person.access}"}, timeout=40
    )


def head_of(person: Person, room: str) -> str:
    headers = {"Authorization": f"Bearer {person.access}"}
    return person.http.head(f"{API}/{channel(room)}/log/", headers=headers).headers["Stream-Next-Offset"]


def story(person: Person, room: str) -> list[tuple[int, str]]:
    """The room's log as the REST API shows it: (offset, event id)."""
    page = person.get(f"streams/{channel(room)}/events/?limit=500")
    return [(entry["offset"], entry["event"]["id"]) for entry in page["results"]]


def test_all_doors_show_the_same_events_at_the_same_positions(
    site: Site, people: People, room: str, fallback: JsAgent, readers: list[EventReader]
) -> None:
    alice, bob, _ = people
    follow(fallback, site.ws_url, bob, room)
    at = site.servers[-1].url + API
    log = EventReader(f"{at}/{channel(room)}/log/?live=sse&offset=now", bob.access)
    plain = EventReader(f"{at}/events/?stream={channel(room)}", bob.access)
    readers += [log, plain]
    plain.until("message")  # the position
    log.until("control")
    first = len(story(bob, room)) + 1
    for number in range(10):
        alice.say(room, f"message {number}")
    told = story(bob, room)[first - 1 :]
    assert [offset for offset, _ in told] == list(range(first, first + 10))

    fallback.wait_for_offset(channel(room), first + 9)
    by_sdk = [(event.offset, event.data["id"]) for event in fallback.publications(channel(room))]
    by_log = []
    for _ in told:
        (event,) = log.until("data").data
        number = int(log.until("control").data["streamNextOffset"].split("_")[1])
        by_log.append((number, event["id"]))
    by_plain = []
    for _ in told:
        event = plain.until("message.created")
        by_plain.append((int(event.id.partition("=")[2].partition(".")[0]), event.data["id"]))
    pages = [event["id"] for event in log_of(bob, room).json()]
    assert by_sdk == by_log == by_plain == told
    assert pages == [id for _, id in story(bob, room)]


def test_one_door_may_be_left_and_another_entered_at_its_position(
    site: Site, people: People, room: str, readers: list[EventReader]
) -> None:
    """From the position of a list over REST to EventSource, and from there to Durable Streams."""
    alice, bob, _ = people
    alice.say(room, "one")
    position = bob.get(f"rooms/{room}/messages/")["stream"]
    alice.say(room, "two")
    vector = f"{channel(room)}={position['offset']}.{position['epoch']}"
    plain = EventReader(f"{site.url}{API}/events/?stream={channel(room)}&last_event_id={vector}", bob.access)
    readers.append(plain)
    event = plain.until("message.created")
    assert event.data["data"]["text"] == "two"
    alice.say(room, "three")
    offset, _, epoch = event.id.partition("=")[2].partition(".")
    generation = head_of(bob, room).partition("_")[0]
    answer = log_of(bob, room, f"?offset={generation}_{int(offset):016d}_{epoch}")
    assert [event["data"]["text"] for event in answer.json()] == ["three"]


def test_an_sdk_without_a_websocket_speaks_the_whole_protocol(
    site: Site, people: People, room: str, fallback: JsAgent
) -> None:
    """Also when its messages reach another process than the one that has its connection."""
    alice, bob, charlie = people
    follow(fallback, site.ws_url, bob, room)
    message = alice.say(room, "hello")
    fallback.wait_for_offset(channel(room), message_offset(alice, room))
    position, history = fallback.history(channel(room), limit=-1)
    assert position["offset"] == len(history)
    assert history[-1][1]["data"]["id"] == message["id"]
    assert fallback.presence_stats(channel(room)) == (1, 1)
    fallback.publish(channel(room), {"type": "typing"})
    fallback.subscribe(channel(charlie_room(charlie)))
    assert fallback.wait_for("unsubscribed", channel(charlie_room(charlie))).code == 103


def message_offset(person: Person, room: str) -> int:
    return person.get(f"streams/{channel(room)}/")["offset"]


_rooms: dict[str, str] = {}


def charlie_room(charlie: Person) -> str:
    return _rooms.setdefault(charlie.id, charlie.make_room())


def test_a_page_opens_an_event_source_with_a_token_in_the_address(
    site: Site, people: People, room: str, readers: list[EventReader]
) -> None:
    """The token opens nothing else, and the response ends with the logout."""
    _, bob, _ = people
    other = Person(site.url, bob.name, bob.email, bob.password)
    other.log_in()
    token = other.post("streams/token/")["token"]
    events = EventReader(f"{site.servers[-1].url}{API}/events/?stream={channel(room)}&token={token}")
    readers.append(events)
    assert events.response.status_code == 200
    events.until("message")
    log = other.http.get(f"{API}/{channel(room)}/log/", headers={"Authorization": f"Bearer {token}"})
    assert log.status_code == 401
    other.post("token/blacklist/", {"refresh": other.refresh}, signed=False)
    assert events.rest()[-1].data["code"] == 3503
    other.close()


def test_losing_access_ends_every_open_response(
    site: Site, people: People, room: str, fallback: JsAgent, readers: list[EventReader]
) -> None:
    alice, bob, _ = people
    follow(fallback, site.ws_url, bob, room)
    log = EventReader(f"{site.url}{API}/{channel(room)}/log/?live=sse&offset=now", bob.access)
    plain = EventReader(f"{site.url}{API}/events/?stream={channel(room)}", bob.access)
    readers += [log, plain]
    log.until("control")
    plain.until("message")
    alice.delete(f"rooms/{room}/members/{bob.id}/")
    alice.say(room, "secret")
    for reader in (log, plain):
        events = reader.rest()
        assert events[-1].name == "unsubscribe"
        assert events[-1].data["code"] == 2000
        assert "secret" not in str(events)
    assert fallback.wait_for("unsubscribed", channel(room)).code == 2000
    for query in ("", "?offset=now&live=sse", "?offset=now&live=long-poll"):
        assert log_of(bob, room, query).status_code == 404


def test_a_logout_ends_every_open_response(
    site: Site, people: People, room: str, fallback: JsAgent, readers: list[EventReader]
) -> None:
    _, bob, _ = people
    other = Person(site.url, bob.name, bob.email, bob.password)
    other.log_in()
    fallback.connect(site.ws_url, token=other.access)
    fallback.wait_for("connected")
    log = EventReader(f"{site.servers[-1].url}{API}/{channel(room)}/log/?live=sse&offset=now", other.access)
    readers.append(log)
    log.until("control")
    other.post("token/blacklist/", {"refresh": other.refresh}, signed=False)
    assert log.rest()[-1].data["code"] == 3503
    assert fallback.wait_for("disconnected").code == 3503
    assert log_of(other, room).status_code == 401
    other.close()


def test_a_message_that_is_erased_is_erased_behind_every_door(site: Site, people: People, room: str) -> None:
    """A client that asks whether its page still holds gets the page without the text."""
    alice, bob, _ = people
    message = alice.say(room, "a secret that is taken back")
    read = log_of(bob, room)
    assert "a secret" in read.text
    again = bob.http.get(
        f"{API}/{channel(room)}/log/",
        headers={"Authorization": f"Bearer {bob.access}", "If-None-Match": read.headers["etag"]},
    )
    assert again.status_code == 304
    alice.delete(f"rooms/{room}/messages/{message['id']}/")
    erased = bob.http.get(
        f"{API}/{channel(room)}/log/",
        headers={"Authorization": f"Bearer {bob.access}", "If-None-Match": read.headers["etag"]},
    )
    assert erased.status_code == 200
    assert "a secret" not in erased.text
    assert erased.json()[len(read.json()) - 1]["type"] == "message.deleted"
