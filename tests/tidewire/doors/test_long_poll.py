"""`live=long-poll`: at once where there are events, else with the first new ones, else 204."""

from __future__ import annotations

from tests.tidewire.connection.site import ROOM, Site
from tests.tidewire.doors.reading import get
from tests.tidewire.in_memory import settled, until
from tidewire.ground.conf import DEFAULTS
from tidewire.ground.positions import PAGE_EVENTS
from tidewire.protocol.codes import Disconnect

LOG = f"/streams/{ROOM}/log/?live=long-poll"


async def waiting(site: Site, **options):
    """Returns a request that waits for events after the end of the log."""
    response = get(f"{LOG}&offset=now", **options)
    await until(lambda: (state := site.engine.subscriptions.state(ROOM)) and state.all_subscriptions()[0].is_open)
    return response


async def test_events_that_are_there_are_the_answer(site: Site):
    site.log.write(ROOM, 2)
    answer = await get(f"{LOG}&offset=-1").answered()
    assert [event["data"]["offset"] for event in answer.json] == [1, 2]
    assert answer.header("stream-up-to-date") == "true"
    assert answer.header("stream-cursor") is not None
    assert answer.header("etag") is not None


async def test_the_first_event_answers_a_request_that_waits(site: Site):
    site.log.write(ROOM)
    response = await waiting(site)
    site.dispatch(*site.log.write(ROOM))
    await response.answered()
    assert [event["data"]["offset"] for event in response.json] == [2]
    page = await get(f"/streams/{ROOM}/log/?offset={response.header('stream-next-offset')}").answered()
    assert page.json == []
    assert site.engine.subscriptions.state(ROOM) is None
    assert len(site.engine.connections) == 0


async def test_without_an_event_the_answer_is_204(site: Site, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "LONG_POLL_SECONDS": 0.05}
    site.log.write(ROOM)
    answer = await get(f"{LOG}&offset=now").answered()
    assert (answer.status, answer.body, answer.header("stream-up-to-date")) == (204, b"", "true")
    assert answer.header("cache-control") == "no-store"


async def test_a_user_who_loses_access_gets_the_event_that_says_so_and_then_404(site: Site):
    site.log.write(ROOM)
    response = await waiting(site)
    site.log.members[ROOM] = {"bob"}
    site.dispatch(*site.log.write(ROOM, ends_access="alice"))
    await response.answered()
    assert [event["data"]["offset"] for event in response.json] == [2]
    assert (await get(f"{LOG}&offset=now").answered()).status == 404


async def test_access_that_ended_without_an_event_is_404(site: Site):
    site.log.write(ROOM)
    response = await waiting(site)
    site.log.members[ROOM] = {"bob"}
    await site.engine._rechecks._audit_stream(ROOM)
    await response.answered()
    assert response.status == 404


async def test_a_revoked_session_is_401(site: Site):
    response = await waiting(site, credential="alice of s1")
    site.engine.sessions.revoke(["s1"])
    await response.answered()
    assert response.status == 401


async def test_a_process_that_ends_lets_its_clients_ask_another(site: Site):
    response = await waiting(site)
    for connection in site.engine.connections:
        connection.end(Disconnect.SHUTDOWN)
    await response.answered()
    assert response.status == 204


async def test_a_client_that_has_left_is_forgotten(site: Site):
    response = await waiting(site)
    await response.leave()
    await settled()
    assert (response.status, site.engine.subscriptions.state(ROOM), len(site.engine.connections)) == (None, None, 0)


async def test_requests_that_wait_count_as_connections_of_their_user(site: Site):
    """Three are allowed here: the oldest is answered."""
    responses = [await waiting(site) for _ in range(3)]
    responses.append(await waiting(site))
    await settled()
    await responses[0].answered()
    assert (responses[0].status, responses[0].json["code"]) == (429, "too_many_at_once")
    for response in responses[1:]:
        await response.leave()


async def test_a_transaction_that_is_too_large_for_subscribers_is_read_page_by_page(site: Site):
    site.log.write(ROOM)
    offset = (await get(f"{LOG}&offset=-1").answered()).header("stream-next-offset")
    count = PAGE_EVENTS + DEFAULTS["MAX_PUSHED_EVENTS"]
    site.log.write_bulk(ROOM, count)
    seen: list[int] = []
    while len(seen) < count:
        answer = await get(f"{LOG}&offset={offset}").answered()
        assert answer.status == 200
        seen += [event["data"]["offset"] for event in answer.json]
        offset = answer.header("stream-next-offset")
    assert seen == list(range(2, count + 2))
