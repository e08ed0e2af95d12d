"""The SDKs' fallbacks, without a server: what stands in an address may be logged on its way."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from tests.tidewire.connection.site import Site
from tests.tidewire.doors.reading import Response
from tests.tidewire.in_memory import until


def connect(token: str, *, method: str = "GET", header: str = "") -> Response:
    """Connects with a token in the address, or in the body of a POST; or with that of a header."""
    first = json.dumps({"id": 1, "connect": {"token": token} if token else {}})
    path = "/connection/sse" if method == "POST" else f"/connection/sse?cf_connect={quote(first)}"
    return Response(path, method=method, credential=header, body_sent=first.encode() if method == "POST" else b"")


@pytest.mark.parametrize("token", ["alice", "key alice", "alice for 864000"])
async def test_a_long_lived_token_may_not_stand_in_an_address(site: Site, token: str):
    refused = await connect(token).answered()
    assert [data for _, data in refused.events] == [{"push": {"disconnect": {"code": 3500, "reason": "invalid token"}}}]
    assert len(site.engine.connections) == 0


@pytest.mark.parametrize(
    "asked",
    [{"token": "alice for 300"}, {"token": "key alice", "method": "POST"}, {"token": "", "header": "key alice"}],
    ids=["short-lived", "body", "header"],
)
async def test_a_short_lived_one_may_and_every_other_has_a_place(site: Site, asked: dict[str, str]):
    response = connect(**asked)
    await until(lambda: any("connect" in data for _, data in response.events))
    await response.leave()
