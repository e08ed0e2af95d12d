"""`streams/events/`: several streams in one response, for EventSource."""

from __future__ import annotations

import pytest

from tests.tidewire.connection.site import ROOM, USER, Site
from tests.tidewire.doors.reading import Response, get
from tests.tidewire.in_memory import settled, until
from tidewire.doors import position_vectors

ONE = f"/streams/events/?stream={ROOM}"
TWO = f"{ONE}&stream={USER}"


def blocks(response: Response) -> list[dict[str, str]]:
    """The blocks of server-sent events so far, as {field: value}."""
    parts = response.body.decode().split("\n\n")[:-1]
    return [dict(line.split(":", 1) for line in part.split("\n")) for part in parts if not part.startswith(":")]


def ids(response: Response) -> list[str]:
    return [block["id"] for block in blocks(response) if "id" in block]


def told(response: Response) -> list[tuple[str, int]]:
    """The events of the log so far: (type, offset)."""
    return [(name, data["data"]["offset"]) for name, data in response.events if name == "item.changed"]


async def test_new_events_come_with_their_type_and_the_position(site: Site):
    site.log.write(ROOM, 2)
    epoch = site.log.stored(ROOM).epoch
    response = await get(ONE).started()
    assert (response.status, response.header("content-type")) == (200, "text/event-stream")
    assert blocks(response)[0] == {"retry": "1000", "id": f"{ROOM}=2.{epoch}"}
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: told(response) == [("item.changed", 3)])
    assert ids(response) == [f"{ROOM}=2.{epoch}", f"{ROOM}=3.{epoch}"]
    await response.leave()


async def test_every_id_is_the_position_in_all_streams(site: Site):
    site.log.write(ROOM, 2)
    site.log.write(USER, 5)
    response = await get(TWO).started()
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: len(ids(response)) == 2)
    site.engine.hub.dispatch(USER, site.log.stored(USER).epoch, site.log.write(USER))
    await until(lambda: len(ids(response)) == 3)
    vectors = [position_vectors.parse(id) for id in ids(response)]
    places = [{name: offset for name, (offset, _) in (vector or {}).items()} for vector in vectors]
    assert places == [{ROOM: 2, USER: 5}, {ROOM: 3, USER: 5}, {ROOM: 3, USER: 6}]
    assert ids(response)[-1].startswith(USER)  # the stream of the event comes first
    await response.leave()


@pytest.mark.parametrize("by", ["header", "query"])
async def test_a_client_that_comes_back_misses_nothing_in_any_stream(site: Site, by: str):
    site.log.write(ROOM, 1)
    site.log.write(USER, 1)
    first = await get(TWO).started()
    last_id = ids(first)[-1]
    await first.leave()
    site.dispatch(*site.log.write(ROOM, 2))
    site.log.write(USER, 1)
    if by == "header":
        second = await get(TWO, headers={"last-event-id": last_id}).started()
    else:
        second = await get(f"{TWO}&last_event_id={last_id}").started()
    assert sorted(told(second)) == [("item.changed", 2), ("item.changed", 2), ("item.changed", 3)]
    last = position_vectors.parse(ids(second)[-1]) or {}
    assert {name: offset for name, (offset, _) in last.items()} == {ROOM: 3, USER: 2}
    await second.leave()


async def test_events_that_are_no_longer_kept_are_told_and_the_response_goes_on(site: Site):
    site.log.write(ROOM, 5)
    epoch = site.log.stored(ROOM).epoch
    site.log.prune(ROOM, first_kept=4)
    response = await get(ONE, headers={"last-event-id": f"{ROOM}=1.{epoch}"}).started()
    gone = ("gone", {"stream": {"channel": ROOM, "epoch": epoch, "offset": 5}})
    # In this order: a client whose connection breaks in between comes back with its earlier id, and gets `gone` again.
    assert response.events == [gone, ("message", None)]
    assert ids(response) == [f"{ROOM}=5.{epoch}"]
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: told(response) == [("item.changed", 6)])
    await response.leave()


async def test_a_new_epoch_ends_the_response_and_is_told_on_return(site: Site):
    site.log.write(ROOM)
    response = await get(ONE).started()
    last_id = ids(response)[-1]
    site.log.renew(ROOM)
    site.engine.hub.update_head(site.log.position(ROOM))
    await response.answered()
    assert response.events[-1][1]["code"] == 2502
    again = await get(ONE, headers={"last-event-id": last_id}).started()
    assert [name for name, _ in again.events if name != "message"] == ["gone"]
    await again.leave()


async def test_losing_one_stream_leaves_the_others(site: Site):
    site.log.write(ROOM)
    site.log.write(USER)
    response = await get(TWO).started()
    site.log.members[ROOM] = {"bob"}
    site.dispatch(*site.log.write(ROOM, ends_access="alice"))
    await until(lambda: response.events[-1][0] == "unsubscribe")
    assert response.events[-1][1] == {"channel": ROOM, "code": 2000, "reason": "server unsubscribe"}
    site.dispatch(*site.log.write(ROOM))
    site.engine.hub.dispatch(USER, site.log.stored(USER).epoch, site.log.write(USER))
    await settled()
    assert told(response) == [("item.changed", 2), ("item.changed", 2)]
    assert list(position_vectors.parse(ids(response)[-1]) or {}) == [USER]
    await response.leave()
    assert (await get(TWO).answered()).status == 404


async def test_losing_the_last_stream_ends_the_response(site: Site):
    response = await get(ONE).started()
    site.log.members[ROOM] = {"bob"}
    site.dispatch(*site.log.write(ROOM, ends_access="alice"))
    await response.answered()
    assert [name for name, _ in response.events[-2:]] == ["item.changed", "unsubscribe"]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("?stream=", 404),
        ("?stream=room:hidden", 404),
        (f"?stream={ROOM}&stream=room:hidden", 404),
        ("?" + "&".join(f"stream=room:{n}" for n in range(21)), 400),
        (f"?stream={ROOM}&last_event_id=17", 400),
        (f"?stream={ROOM}&last_event_id=a&last_event_id=b", 400),
        (f"?stream={ROOM}&token=abc", 401),
    ],
)
async def test_what_cannot_be_answered_is_refused(site: Site, query: str, status: int):
    site.log.members["room:hidden"] = {"bob"}
    credential = "" if "token" in query else "alice"
    assert (await get(f"/streams/events/{query}", credential=credential).answered()).status == status


async def test_a_response_has_twenty_streams(site: Site):
    query = "&".join(f"stream=room:{n}" for n in range(20))
    response = await get(f"/streams/events/?{query}").started()
    assert len(position_vectors.parse(ids(response)[0]) or {}) == 20
    await response.leave()


async def test_the_same_stream_twice_is_one(site: Site):
    response = await get(f"{ONE}&stream={ROOM}").started()
    assert len(position_vectors.parse(ids(response)[0]) or {}) == 1
    await response.leave()


async def test_readers_of_one_stream_share_its_frames(site: Site):
    responses = [await get(ONE, credential=who).started() for who in ("alice", "bob")]
    state = site.engine.subscriptions.state(ROOM)
    assert state is not None
    assert len(state.subscriptions) == 1
    for response in responses:
        await response.leave()


@pytest.mark.parametrize("text", ["17", "room:1", "room:1=", "room:1=1", "room:1=1.e;room:2=1.e", "=1.e", "x=1.e"])
def test_a_text_that_is_no_vector(text: str):
    assert position_vectors.parse(text) is None
