"""Bodies are bounded by what arrives, refused early by what their Content-Length promises, and not decompressed."""

import re

import pytest

from tests.tidewire.http.asgi_client import request
from tidewire.http.body_limit import BodyLimit, BodySizes


async def reader(scope, receive, send) -> None:
    """As Django does it: reads the whole body first, and returns without an answer when the client has left."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def test_a_body_is_counted_whatever_its_content_length_says() -> None:
    limited = BodyLimit(reader, BodySizes(10))

    assert (await request(limited, body=(b"12345", b"67890"))).status == 200
    assert (await request(limited, body=(b"12345", b"678901"))).status == 413
    assert (await request(limited, body=(b"x" * 11,), headers=((b"content-length", b"3"),))).status == 413
    assert (await request(limited, headers=((b"content-length", b"11"),))).status == 413


async def test_an_answer_that_has_begun_stands() -> None:
    async def hasty(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        assert (await receive())["type"] == "http.disconnect"

    assert (await request(BodyLimit(hasty, BodySizes(10)), body=(b"x" * 11,))).status == 200


@pytest.mark.parametrize(
    "coding", [b"gzip", b"GZIP", b"x-gzip", b"deflate", b"br", b"zstd", b"identity, gzip", b"what"]
)
async def test_a_compressed_body_is_415_and_names_what_is_read(coding: bytes) -> None:
    answer = await request(BodyLimit(reader, BodySizes(10)), headers=((b"content-encoding", coding),))

    assert answer.status == 415
    assert dict(answer.headers)[b"accept-encoding"] == b"identity"
    assert b'"unsupported_media_type"' in answer.body


@pytest.mark.parametrize("coding", [b"identity", b"Identity", b""])
async def test_a_body_that_is_not_compressed_is_read(coding: bytes) -> None:
    assert (await request(BodyLimit(reader, BodySizes(10)), headers=((b"content-encoding", coding),))).status == 200


def test_a_path_may_have_larger_bodies():
    sizes = BodySizes(10, ((re.compile("/batch/$"), 100),))
    assert (sizes.of("/api/v1/rooms/"), sizes.of("/api/v1/rooms/1/messages/batch/")) == (10, 100)
