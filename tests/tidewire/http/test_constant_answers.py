"""Answers whose bytes are made once per process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tidewire.http.constant_answers import ConstantAnswer


def test_many_at_once_get_what_was_made_once(rf):
    made, all_asked = [], threading.Event()

    def make() -> str:
        assert all_asked.wait(10)
        made.append(1)
        return "text"

    answer = ConstantAnswer(make, "text/plain")
    with ThreadPoolExecutor(8) as pool:
        answers = [pool.submit(answer.respond, rf.get("/")) for _ in range(8)]
        all_asked.set()
        assert {found.result().content for found in answers} == {b"text"}
    assert made == [1]


def test_a_copy_that_is_known_is_not_sent_again(rf):
    answer = ConstantAnswer(lambda: "text", "text/plain")
    first = answer.respond(rf.get("/"))
    assert first["ETag"].startswith('"')  # strong
    again = answer.respond(rf.get("/", headers={"If-None-Match": first["ETag"]}))
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert answer.respond(rf.get("/", headers={"If-None-Match": '"other"'})).status_code == 200
    assert ConstantAnswer(lambda: "other", "text/plain").respond(rf.get("/"))["ETag"] != first["ETag"]


def test_a_failure_is_not_kept(rf):
    texts = [None, "text"]

    def make() -> str:
        text = texts.pop(0)
        if text is None:
            raise ValueError
        return text

    answer = ConstantAnswer(make, "text/plain")
    with pytest.raises(ValueError):
        answer.respond(rf.get("/"))
    assert answer.respond(rf.get("/")).content == b"text"
