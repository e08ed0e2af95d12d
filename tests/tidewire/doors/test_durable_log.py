"""The read side of Durable Streams: pages, offsets, and what is refused."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from api.rest.problems import PROBLEMS
from tests.rig.site import ROOT
from tests.tidewire.connection.site import ROOM, Site
from tests.tidewire.doors.reading import ROUTER, get
from tests.tidewire.in_memory import Log, settled
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.doors import log_offsets
from tidewire.doors.log_offsets import Lifetime
from tidewire.ground.positions import PAGE_EVENTS, Position
from tidewire.http.door_router import DoorRoute

LOG = f"/streams/{ROOM}/log/"


async def test_pages_follow_each_other_until_there_is_nothing_more(site: Site):
    site.log.write(ROOM, PAGE_EVENTS + 2)
    first = await get(LOG).answered()
    assert (first.status, len(first.json), first.header("stream-up-to-date")) == (200, PAGE_EVENTS, None)
    second = await get(f"{LOG}?offset={first.header('stream-next-offset')}").answered()
    assert [event["data"]["offset"] for event in second.json] == [PAGE_EVENTS + 1, PAGE_EVENTS + 2]
    assert second.header("stream-up-to-date") == "true"
    third = await get(f"{LOG}?offset={second.header('stream-next-offset')}").answered()
    assert (third.json, third.header("stream-next-offset")) == ([], second.header("stream-next-offset"))


async def test_nobody_keeps_an_answer_without_asking(site: Site):
    site.log.write(ROOM)
    answer = await get(LOG).answered()
    assert answer.header("cache-control") == "private, no-cache"
    assert answer.header("vary") == "Authorization, Origin"
    assert (await get(LOG, method="HEAD").answered()).header("cache-control") == "no-store"
    assert (await get(f"{LOG}?offset=now").answered()).header("cache-control") == "no-store"


def test_offsets_sort_by_generation_first():
    texts = [Lifetime(generation, epoch).offset(n) for generation, epoch in ((1, "zz"), (2, "aa")) for n in (9, 10, 11)]
    assert sorted(texts) == texts
    assert [log_offsets.parse(text) for text in texts[:1]] == [(Lifetime(1, "zz"), 9)]


@pytest.mark.parametrize("offset", ["0", "-2", "1_1_a", "0000000001_0000000000000001", "now%20", "a,b", ""])
async def test_an_offset_that_is_none_is_refused(site: Site, offset: str):
    site.log.write(ROOM)
    assert (await get(f"{LOG}?offset={offset}").answered()).status == 400


@pytest.mark.parametrize("query", ["live=sse", "live=long-poll", "live=yes&offset=-1", "offset=-1&offset=now"])
async def test_a_query_that_is_not_of_the_protocol_is_refused(site: Site, query: str):
    assert (await get(f"{LOG}?{query}").answered()).status == 400


# -- 410 ---------------------------------------------------------------------------------------------------------------


async def test_a_pruned_range_is_gone_and_the_answer_says_where_to_go_on(site: Site):
    site.log.write(ROOM, 3)
    start = (await get(f"{LOG}?offset=-1").answered()).header("stream-next-offset")
    assert start is not None
    before = start.replace("_0000000000000003_", "_0000000000000000_")
    site.log.prune(ROOM, first_kept=3)
    for live in ("", "&live=long-poll", "&live=sse"):
        gone = await get(f"{LOG}?offset={before}{live}").answered()
        assert (gone.status, gone.json["code"]) == (410, "position_lost")
        assert gone.json["stream"]["offset"] == 3
        earliest = gone.header("stream-earliest-offset")
        assert gone.json["earliest"] == earliest
        rest = await get(f"{LOG}?offset={earliest}").answered()
        assert [event["data"]["offset"] for event in rest.json] == [3]
    kept = await get(f"{LOG}?offset=-1").answered()
    assert [event["data"]["offset"] for event in kept.json] == [3]


@pytest.mark.parametrize("live", ["", "&live=long-poll", "&live=sse"])
async def test_offsets_of_another_epoch_are_gone(site: Site, live: str):
    site.log.write(ROOM, 2)
    offset = (await get(LOG).answered()).header("stream-next-offset")
    site.log.renew(ROOM)
    assert (await get(f"{LOG}?offset={offset}{live}").answered()).status == 410


async def test_a_generation_that_comes_twice_does_not_hide_another_epoch(site: Site):
    """After a restore of an older backup, `new_epochs` gives the same generation again, with another epoch."""
    site.log.write(ROOM, 2)
    offset = Lifetime(1, "another-epoch").offset(2)
    assert (await get(f"{LOG}?offset={offset}").answered()).status == 410


async def test_an_offset_that_the_log_never_had_is_gone(site: Site):
    site.log.write(ROOM, 2)
    offset = Lifetime(1, site.log.stored(ROOM).epoch).offset(3)
    for live in ("", "&live=long-poll", "&live=sse"):
        assert (await get(f"{LOG}?offset={offset}{live}").answered()).status == 410


async def test_the_generation_is_part_of_the_offset(site: Site, monkeypatch: pytest.MonkeyPatch):
    site.log.write(ROOM, 1)
    monkeypatch.setattr(Log, "position", lambda log, name: Position(name, log.stored(name).epoch, 1, generation=7))
    answer = await get(LOG).answered()
    assert (answer.header("stream-next-offset") or "").startswith("0000000007_0000000000000001_")


# -- ETag --------------------------------------------------------------------------------------------------------------


async def test_an_answer_that_holds_is_not_sent_again(site: Site):
    site.log.write(ROOM, 2)
    etag = (await get(LOG).answered()).header("etag") or ""
    same = await get(LOG, headers={"if-none-match": f'"other", W/{etag}'}).answered()
    assert (same.status, same.body, same.header("etag")) == (304, b"", etag)


async def test_erased_text_does_not_live_on_in_a_304(site: Site):
    """An erasure changes what events hold, and moves no offset of the page."""
    site.log.write(ROOM, PAGE_EVENTS + 1)
    read = await get(LOG).answered()
    entries = site.log.stored(ROOM).entries
    entries[0] = replace(entries[0], payload='{"type":"item.deleted","data":{"offset":1}}')
    again = await get(LOG, headers={"if-none-match": read.header("etag") or ""}).answered()
    assert (again.status, again.json[0]["type"]) == (200, "item.deleted")
    assert again.header("stream-next-offset") == read.header("stream-next-offset")


# -- who may read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["room:hidden", "nokind:1", "room:%00", "room", "revocations:all"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_hidden_absent_and_impossible_streams_look_the_same(site: Site, name: str, method: str):
    site.log.members["room:hidden"] = {"bob"}
    answers = [await get(f"/streams/{name}/log/", method=method).answered()]
    answers += [await get(f"/streams/{name}/log/?offset=now&live={live}").answered() for live in ("sse", "long-poll")]
    assert [answer.status for answer in answers] == [404] * 3


async def test_a_credential_that_is_confined_to_other_streams_reads_nothing(site: Site):
    site.log.write(ROOM)
    assert (await get(LOG, credential=f"alice reading {ROOM}").answered()).status == 200
    assert (await get(LOG, credential="alice reading room:2").answered()).status == 404


@pytest.mark.parametrize(
    ("credential", "code"),
    [("", "not_authenticated"), ("expired", "token_expired"), ("mallory", "token_invalid"), ("key x", "token_invalid")],
)
async def test_a_request_without_a_good_credential_is_401(site: Site, credential: str, code: str):
    answer = await get(LOG, credential=credential).answered()
    assert (answer.status, answer.json["code"]) == (401, code)
    assert answer.header("www-authenticate") == 'Bearer realm="api"'


async def test_a_key_reads_as_a_token_does(site: Site):
    site.log.write(ROOM)
    assert (await get(LOG, credential="key alice").answered()).status == 200


async def test_a_revoked_session_reads_nothing(site: Site):
    site.engine.sessions.revoke(["s1"])
    assert (await get(LOG, credential="alice of s1").answered()).status == 401


async def test_a_user_above_the_quota_is_told_to_wait(site: Site):
    site.log.exhausted.add("alice")
    answer = await get(LOG).answered()
    assert (answer.status, answer.header("retry-after")) == (429, "60")


async def test_an_address_above_the_quota_may_not_go_on_guessing(site: Site):
    site.log.exhausted.add("192.0.2.1")
    assert (await get(LOG, credential="mallory").answered()).status == 429
    assert (await get(LOG, credential="").answered()).status == 429
    assert (await get(LOG, credential="alice").answered()).status == 200


async def test_a_user_who_was_removed_before_the_page_was_read_gets_nothing_of_it(site: Site):
    """Access is asked again after the page was read."""
    site.log.write(ROOM)
    page = site.log.page

    async def page_after_the_removal(*arguments):
        site.log.members[ROOM] = {"bob"}
        return await page(*arguments)

    site.log.page = page_after_the_removal  # pyright: ignore[reportAttributeAccessIssue]  the test's own log
    assert (await get(LOG).answered()).status == 404


async def test_one_user_reads_four_pages_at_once_and_32_more_wait(site: Site):
    """More would take the threads that read for all sockets."""
    site.log.write(ROOM)
    site.log.hold()
    waiting = [get(LOG) for _ in range(36)]
    await settled()
    assert site.log.asked("readable_positions") == 4
    refused = await get(LOG).answered()
    assert (refused.status, refused.json["code"], refused.header("retry-after")) == (429, "too_many_at_once", "1")
    other = get(LOG, credential="bob")
    await settled()
    assert site.log.asked("readable_positions") == 5
    site.log.release()
    assert [(await response.answered()).status for response in (*waiting, other)] == [200] * 37
    assert (await get(LOG).answered()).status == 200


async def test_while_the_log_is_away_clients_are_told_to_come_back(site: Site):
    site.log.write(ROOM)
    site.log.error = LogUnavailableError()
    for live in ("", "?offset=-1&live=long-poll", "?offset=-1&live=sse"):
        answer = await get(LOG + live).answered()
        assert (answer.status, answer.header("retry-after")) == (503, "1")


# -- around it ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_writes_are_refused(site: Site, method: str):
    answer = await get(LOG, method=method).answered()
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, OPTIONS")


async def test_a_page_of_a_listed_origin_may_read_answers_and_refusals(site: Site, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "ALLOWED_ORIGINS": ["https://app.example"]}
    for path in (LOG, "/streams/room:hidden/log/"):
        site.log.members["room:hidden"] = {"bob"}
        allowed = await get(path, headers={"origin": "https://app.example"}).answered()
        assert allowed.header("access-control-allow-origin") == "https://app.example"
        foreign = await get(path, headers={"origin": "https://evil.example"}).answered()
        assert foreign.header("access-control-allow-origin") is None


async def test_a_foreign_host_is_refused(site: Site):
    assert (await get(LOG, headers={"host": "evil.example"}).answered()).status == 400


async def test_preflights_and_other_paths_are_the_applications(site: Site):
    asks = {"origin": "https://app.example", "access-control-request-method": "GET"}
    assert (await get(LOG, method="OPTIONS", headers=asks).answered()).status == 418
    assert (await get(f"/streams/{ROOM}/").answered()).status == 418


@pytest.mark.parametrize("route", ROUTER._routes, ids=lambda route: route.address)
async def test_options_says_what_an_address_answers(site: Site, route: DoorRoute):
    path = "/" + route.address.replace("<str:name>", ROOM)
    answer = await get(path, method="OPTIONS", credential="").answered()
    assert (answer.status, answer.header("allow")) == (204, ", ".join((*route.methods, "OPTIONS")))
    refused = await get(path, method="DELETE").answered()
    assert (refused.status, refused.header("allow")) == (405, answer.header("allow"))


def test_every_refusal_of_the_doors_has_a_page():
    """Its code and its status are a row of the table of problems."""
    text = "\n".join(path.read_text() for path in (ROOT / "tidewire" / "doors").glob("*.py"))
    text += (ROOT / "tidewire" / "http" / "door_router.py").read_text()
    refusals = set(re.findall(r'RefusalError\(\s*(\d{3}), "(\w+)"', text))
    refusals |= {("401", code) for code in re.findall(r'unauthorized\("(\w+)"', text)}
    assert len(refusals) >= 12
    assert {(status, code) for status, code in refusals if PROBLEMS[code].status != int(status)} == set()
