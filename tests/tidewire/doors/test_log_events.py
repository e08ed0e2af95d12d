"""`live=sse`: what was missed, then what comes, until the response ends."""

from __future__ import annotations

import asyncio

import pytest

from tests.tidewire.connection.site import ROOM, Site
from tests.tidewire.doors.reading import Response, get
from tests.tidewire.in_memory import settled, until
from tidewire.declare.live import EVERYONE
from tidewire.ground.conf import DEFAULTS
from tidewire.ground.positions import PAGE_EVENTS

LOG = f"/streams/{ROOM}/log/?live=sse"


def controls(response: Response) -> list[dict]:
    return [data for name, data in response.events if name == "control"]


async def test_missed_events_come_first_and_new_ones_follow(site: Site):
    site.log.write(ROOM, 2)
    response = await get(f"{LOG}&offset=-1").started()
    assert (response.status, response.header("content-type")) == (200, "text/event-stream")
    assert response.header("x-accel-buffering") == "no"
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: response.offsets() == [1, 2, 3])
    assert [name for name, _ in response.events] == ["data", "control", "data", "control"]
    assert [control["upToDate"] for control in controls(response)] == [True, True]
    await response.leave()


async def test_a_client_that_comes_back_misses_nothing_and_gets_nothing_twice(site: Site):
    site.log.write(ROOM, 1)
    first = await get(f"{LOG}&offset=-1").started()
    offset = controls(first)[-1]["streamNextOffset"]
    await first.leave()
    site.dispatch(*site.log.write(ROOM, 2))
    second = await get(f"{LOG}&offset={offset}").started()
    assert second.offsets() == [2, 3]
    await second.leave()


async def test_from_now_on(site: Site):
    site.log.write(ROOM, 2)
    response = await get(f"{LOG}&offset=now").started()
    assert [name for name, _ in response.events] == ["control"]
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: response.offsets() == [3])
    await response.leave()


async def test_a_long_replay_says_only_at_its_end_that_it_is_up_to_date(site: Site):
    count = 2 * PAGE_EVENTS + 3
    site.log.write(ROOM, count)
    response = await get(f"{LOG}&offset=-1").started()
    await until(lambda: controls(response)[-1].get("upToDate"))
    assert response.offsets() == list(range(1, count + 1))
    assert [control.get("upToDate") for control in controls(response)].count(True) == 1
    await response.leave()


async def test_each_event_is_encoded_once_for_all_readers(site: Site, monkeypatch: pytest.MonkeyPatch):
    site.log.write(ROOM)
    responses = [await get(f"{LOG}&offset=now", credential=f"{who}").started() for who in ("alice", "alice", "bob")]
    state = site.engine.subscriptions.state(ROOM)
    assert state is not None
    assert len(state.subscriptions) == 1
    for response in responses:
        await response.leave()
    assert site.engine.subscriptions.state(ROOM) is None


async def test_losing_access_ends_the_response_with_an_event_and_the_next_request_is_404(site: Site):
    site.log.write(ROOM)
    response = await get(f"{LOG}&offset=-1").started()
    site.log.members[ROOM] = {"bob"}
    site.dispatch(*site.log.write(ROOM, ends_access="alice"))
    await response.answered()
    assert response.events[-1] == ("unsubscribe", {"code": 2000, "reason": "server unsubscribe"})
    assert "streamClosed" not in response.body.decode()
    site.dispatch(*site.log.write(ROOM))
    await settled()
    assert response.offsets() == [1, 2]  # the event that ends the access is the last
    assert (await get(f"{LOG}&offset=now").answered()).status == 404


async def test_a_doubt_about_access_holds_events_back_until_it_is_confirmed(site: Site):
    site.log.write(ROOM)
    response = await get(f"{LOG}&offset=-1").started()
    site.log.hold()
    site.dispatch(*site.log.write(ROOM, ends_access=EVERYONE))
    site.dispatch(*site.log.write(ROOM))
    await settled()
    assert response.offsets() == [1, 2]
    site.log.release()
    await until(lambda: response.offsets() == [1, 2, 3])
    await response.leave()


async def test_a_revoked_session_ends_the_response(site: Site):
    response = await get(f"{LOG}&offset=now", credential="alice of s1").started()
    site.engine.sessions.revoke(["s1"])
    await response.answered()
    assert response.events[-1] == ("disconnect", {"code": 3503, "reason": "force disconnect"})


async def test_a_response_ends_with_its_credential(site: Site):
    response = await get(f"{LOG}&offset=now", credential="alice for 0.2").started()
    await response.answered()
    assert response.events[-1][1]["code"] == 3005


async def test_a_response_ends_by_itself_after_a_minute(site: Site, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "RESPONSE_SECONDS": 0.1}
    response = await get(f"{LOG}&offset=now").started()
    await response.answered()
    assert [name for name, _ in response.events] == ["control"]
    assert len(site.engine.connections) == 0


async def test_open_responses_count_as_connections_of_their_user(site: Site):
    """Three are allowed here: the oldest makes way."""
    responses = [await get(f"{LOG}&offset=now").started() for _ in range(4)]
    await responses[0].answered()
    assert responses[0].events[-1][1]["code"] == 3504
    assert len(site.engine.connections) == 3
    for response in responses[1:]:
        await response.leave()
    assert len(site.engine.connections) == 0


async def test_a_new_epoch_ends_the_response(site: Site):
    site.log.write(ROOM)
    response = await get(f"{LOG}&offset=now").started()
    site.log.renew(ROOM)
    site.engine.hub.update_head(site.log.position(ROOM))
    await response.answered()
    assert response.events[-1] == ("unsubscribe", {"code": 2502, "reason": "state invalidated"})


async def test_comments_keep_the_connection_alive(site: Site, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "COMMENT_SECONDS": 0.05}
    response = await get(f"{LOG}&offset=now").started()
    await until_time(lambda: response.body.count(b":\n\n") > 2)
    await response.leave()


async def until_time(condition) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  time must pass
            await asyncio.sleep(0.01)


async def test_the_number_of_the_interval_never_goes_back(site: Site):
    site.log.write(ROOM)
    first = await get(f"{LOG}&offset=now").started()
    sent = int(controls(first)[0]["streamCursor"])
    second = await get(f"{LOG}&offset=now&cursor={sent}").started()
    site.dispatch(*site.log.write(ROOM))
    await until(lambda: len(controls(second)) == 2)
    numbers = [int(control["streamCursor"]) for control in controls(second)]
    assert numbers[0] > sent
    assert numbers == sorted(numbers)
    for response in (first, second):
        await response.leave()


async def test_a_transaction_that_is_too_large_for_subscribers_is_read_whole(site: Site):
    """Sockets read their lists anew; a reader of the log gets every event, also when it was away."""
    site.log.write(ROOM)
    response = await get(f"{LOG}&offset=-1").started()
    offset = controls(response)[-1]["streamNextOffset"]
    await response.leave()
    count = 2 * PAGE_EVENTS + DEFAULTS["MAX_PUSHED_EVENTS"]
    site.log.write_bulk(ROOM, count)
    site.engine.hub.update_head(site.log.position(ROOM))
    back = await get(f"{LOG}&offset={offset}").started()
    await until(lambda: controls(back)[-1].get("upToDate"))
    assert back.offsets() == list(range(2, count + 2))
    await back.leave()
