"""Inputs on which good servers differ: each has one answer. See docs/decisions/0024-edges.md."""

from __future__ import annotations

import pytest

from tests.api.conftest import problem, url

INVISIBLE = ["\u200b", "\u2060\u200d", "\u00ad", "\u202e"]
TURNING = ["abc\u202edef", "\u2066abc\u2069"]


@pytest.fixture
def samples(alice) -> str:
    board = alice.post("/api/v1/dashboards/", {"name": "Boiler"}).json()["id"]
    metric = alice.post(f"/api/v1/dashboards/{board}/metrics/", {"key": "heat"}).json()["id"]
    return f"/api/v1/metrics/{metric}/samples/"


def test_a_weak_tag_is_the_tag_for_reading_and_another_for_changing(alice):
    tag = alice.get("/api/v1/me/")["ETag"]
    assert alice.get("/api/v1/me/", headers={"If-None-Match": f"W/{tag}"}).status_code == 304
    changed = alice.patch("/api/v1/me/", {"name": "Alicia"}, headers={"If-Match": f"W/{tag}"})
    assert problem(changed) == (412, "version_mismatch")


def test_times_may_be_written_in_lower_case_and_have_no_leap_second(alice, samples):
    assert alice.post(samples, {"at": "2026-01-02t03:04:05z", "value": 1}).status_code == 201
    assert problem(alice.post(samples, {"at": "2026-01-02T23:59:60Z", "value": 1})) == (400, "invalid")
    (sample,) = alice.get(samples, {"from": "2026-01-02t00:00:00z", "to": "2026-01-03t00:00:00z"}).json()["results"]
    assert sample["at"] == "2026-01-02T03:04:05.000000Z"


@pytest.mark.parametrize("name", INVISIBLE + TURNING, ids=ascii)
def test_a_name_shows_something_and_leaves_the_text_around_it_alone(alice, name):
    for path in ("/api/v1/rooms/", "/api/v1/dashboards/"):
        assert problem(alice.post(path, {"name": name})) == (400, "invalid")
    assert problem(alice.patch("/api/v1/me/", {"name": name})) == (400, "invalid")


@pytest.mark.parametrize("text", TURNING, ids=ascii)
def test_a_message_keeps_every_character(room, alice, text):
    assert alice.post(url(room, "messages"), {"text": text}).json()["text"] == text


def test_a_registration_that_is_sent_again_is_an_address_that_is_taken(db, client):
    body = {"email": "new@example.com", "name": "New", "password": "a long enough password 7"}
    assert client.post("/api/v1/users/", body, content_type="application/json").status_code == 201
    again = client.post("/api/v1/users/", body, content_type="application/json")
    wrong = client.post("/api/v1/users/", body | {"password": "another password 7"}, content_type="application/json")
    assert again.status_code == wrong.status_code == 400
    assert again.json()["errors"] == wrong.json()["errors"]


def test_a_byte_order_mark_is_refused(alice):
    answer = alice.generic("POST", "/api/v1/rooms/", b'\xef\xbb\xbf{"name": "Deck"}', content_type="application/json")
    assert problem(answer) == (400, "parse_error")


def test_one_bad_sample_refuses_its_batch_and_is_pointed_at(alice, samples):
    batch = {"samples": [{"at": "2026-01-02T03:04:05Z", "value": 1}, {"at": "2026-01-02T03:04:06Z", "value": "x"}]}
    answer = alice.post(samples, batch)
    assert problem(answer) == (400, "invalid")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/samples/1/value"]
    assert alice.get(samples, {"from": "2026-01-02T00:00:00Z", "to": "2026-01-03T00:00:00Z"}).json()["results"] == []
