"""Date on every answer, and no length of content that is not there."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tidewire.http.answer_headers import AnswerHeaders

LENGTH = (b"Content-Length", b"0")


async def headers_of(status: int, *headers: tuple[bytes, bytes], **scope) -> dict[bytes, bytes]:
    sent = []

    async def application(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})

    async def send(message) -> None:
        sent.append(message)

    wrapped: Any = AnswerHeaders(application)
    await wrapped({"type": "http", "headers": [], **scope}, None, send)
    return {name.lower(): value for name, value in sent[0]["headers"]}


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 404, 413, 500, 503])
async def test_every_answer_has_a_date(status: int) -> None:
    date = (await headers_of(status, asgi={"version": "3.0"}))[b"date"].decode()

    assert date.endswith(" GMT")
    assert parsedate_to_datetime(date).tzinfo is not None


async def test_a_date_is_not_said_twice() -> None:
    assert (await headers_of(200, (b"Date", b"then")))[b"date"] == b"then"
    assert b"date" not in await headers_of(200, asgi={"version": "3.0", "spec_version": "2.3"})  # the server adds it


async def test_an_answer_without_content_has_no_length() -> None:
    assert b"content-length" not in await headers_of(204, LENGTH)
    assert b"content-length" not in await headers_of(304, LENGTH)
    assert (await headers_of(200, LENGTH))[b"content-length"] == b"0"
