"""The conformance server, with the public SDKs and the API that suites use.

The SDKs' own suites run against it by hand; docs/testing.md says which have, and how.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import jwt
import pytest
from centrifuge import Client, SubscriptionEventHandler

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.site import ROOT, child_environment, wait_until_ready
from tests.sdk.agents import AGENTS, FALLBACK_AGENTS, SdkClient, SdkError

# The suites sign with a short secret.
WAIT_SECONDS = 10
pytestmark = pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as url:
        yield url


@contextmanager
def serving(*options: str, port: int = 0) -> Iterator[str]:
    """Runs the server, at a free port if none is named, and yields its address. Its log must hold no traceback."""
    folder, port = servers.temporary_folder("conformance"), port or servers.free_port()
    command = [sys.executable, "manage.py", "conformance_server", "--port", str(port), *options]
    process = servers.spawn(command, log=folder / "log", cwd=ROOT, env=child_environment(folder))
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        servers.end(process, signal.SIGTERM)
    assert "Traceback" not in (folder / "log").read_text()


@pytest.fixture(params=sorted(AGENTS | FALLBACK_AGENTS))
def sdk(request: pytest.FixtureRequest) -> Iterator[SdkClient]:
    client = (AGENTS | FALLBACK_AGENTS)[request.param]()
    yield client
    client.close()


@pytest.fixture
def member(url: str) -> Iterator[tuple[RawSocket, str]]:
    """A socket of the user 77, and the id of its client."""
    with RawSocket(socket_url(url)) as socket:
        yield socket, socket.connect(token(sub="77"))["connect"]["client"]


def call(url: str, name: str, **body: object) -> httpx.Response:
    return httpx.post(f"{url}/api/{name}", json=body, headers={"X-API-Key": "test-api-key"}, trust_env=False)


def socket_url(url: str) -> str:
    return url.replace("http", "ws") + "/connection/websocket"


def publish(url: str, channel: str, data: object, key: str = "test-api-key") -> httpx.Response:
    body = {"channel": channel, "data": data}
    return httpx.post(f"{url}/api/publish", json=body, headers={"X-API-Key": key}, trust_env=False)


def token(**claims: str) -> str:
    return jwt.encode(claims, "secret", algorithm="HS256")


def test_an_open_channel(url: str, sdk: SdkClient) -> None:
    channel = f"channel-{sdk.name}"
    sdk.connect(socket_url(url))
    sdk.subscribe(channel)
    subscribed = sdk.wait_for("subscribed", channel)
    assert (subscribed.was_recovering, subscribed.recovered) == (False, False)
    assert sdk.wait_for("join", channel).info["user"] == ""

    sdk.publish(channel, {"a": 1})
    assert publish(url, channel, {"b": 2}).json()["result"]["offset"] == 2

    events = sdk.wait_for_offset(channel, 2)
    assert [(event.offset, event.data) for event in events] == [(1, {"a": 1}), (2, {"b": 2})]
    position, history = sdk.history(channel, limit=-1)
    assert (position["offset"], history) == (2, [(1, {"a": 1}), (2, {"b": 2})])
    assert sdk.presence_stats(channel) == (1, 1)
    with pytest.raises(SdkError) as refused:
        sdk.rpc("nothing", {})
    assert refused.value.code == 108


@pytest.mark.parametrize(("namespace", "is_recovered"), [("recovery", True), ("smallhistory", False)])
def test_a_client_that_comes_back(url: str, sdk: SdkClient, namespace: str, is_recovered: bool) -> None:
    """It recovers where the history is long enough, and gets recovered: false where it is not."""
    channel = f"{namespace}:back-{sdk.name}"
    sdk.connect(socket_url(url))
    sdk.subscribe(channel)
    sdk.wait_for("subscribed", channel)
    publish(url, channel, 0)
    sdk.wait_for_offset(channel, 1)

    mark = len(sdk.events)
    sdk.disconnect()
    sdk.wait_for("disconnected", after=mark)
    for number in range(1, 6):
        publish(url, channel, number)
    mark = len(sdk.events)
    sdk.reconnect()

    back = sdk.wait_for("subscribed", channel, after=mark)
    assert (back.was_recovering, back.recovered) == (True, is_recovered)
    if is_recovered:
        assert [event.data for event in sdk.wait_for_offset(channel, 6)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "42", "channel": "private"}, None),
        ({"sub": "42", "channel": "other"}, 103),
        ({"sub": "43", "channel": "private"}, 103),
        (None, 103),
    ],
)
async def test_subscription_tokens(url: str, claims: dict[str, str] | None, code: int | None) -> None:
    async def get_token(channel: str) -> str:
        return token(**claims) if claims else "invalid"

    one = Client(socket_url(url), token=token(sub="42"))
    ended: asyncio.Future = asyncio.get_running_loop().create_future()

    class Ends(SubscriptionEventHandler):
        async def on_subscribed(self, ctx) -> None:
            ended.set_result(None)

        async def on_unsubscribed(self, ctx) -> None:
            if not ended.done():
                ended.set_result(ctx.code)

    await one.connect()
    await one.new_subscription("private", events=Ends(), get_token=get_token).subscribe()
    assert await asyncio.wait_for(ended, WAIT_SECONDS) == code
    await one.disconnect()


def test_the_api_asks_for_its_key(url):
    assert publish(url, "x", 1, key="wrong").status_code == 401
    assert publish(url, "nowhere:x", 1).json()["error"]["code"] == 102


def test_the_api_ends_a_subscription(url, member):
    socket, _ = member
    socket.subscribe("ended")
    assert call(url, "unsubscribe", user="77", channel="ended").json() == {"result": {}}
    while "unsubscribe" not in (push := socket.receive()["push"]):
        assert push["channel"] in ("ended", "#77")
    assert push == {"channel": "ended", "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    assert "error" not in socket.subscribe("ended", id=3)  # and the connection lives on


def test_the_api_ends_connections_of_a_user_with_the_code_that_it_names(url, member):
    socket, client = member
    with RawSocket(socket_url(url)) as other:
        other.connect(token(sub="78"))
        assert call(url, "disconnect", user="77", client="another").status_code == 200
        assert call(url, "disconnect", user="77", client=client, disconnect={"code": 4001, "reason": "x"}).is_success
        assert socket.close_code() == 4001
        assert call(url, "disconnect", user="78").is_success
        assert other.close_code() == 3503


def test_calls_without_what_they_need(url):
    assert call(url, "disconnect").status_code == 400
    assert call(url, "unsubscribe", user="77").status_code == 400
    assert call(url, "unsubscribe", user="77", channel="nowhere:x").json()["error"]["code"] == 102


def test_deltas_are_negotiated_in_their_namespace(url, member):
    """Every part is sent whole, as a text that holds JSON."""
    socket, _ = member
    assert socket.subscribe("delta:x", delta="fossil")["subscribe"]["delta"] is True
    publish(url, "delta:x", {"a": 1})
    while "pub" not in (push := socket.receive()["push"]):
        assert push["channel"] in ("delta:x", "#77")
    assert (push["channel"], json.loads(push["pub"]["data"])) == ("delta:x", {"a": 1})


def test_the_api_without_a_key():
    with serving("--insecure-api") as url:
        answer = httpx.post(f"{url}/api/publish", json={"channel": "x", "data": 1}, trust_env=False)
        assert answer.json()["result"]["offset"] == 1


def test_production_settings_refuse_it(tmp_path):
    secret = {"SECRET_KEY": "s" * 60 + str(time.time()), "JWT_SIGNING_KEY": "j" * 60 + str(time.time())}
    site = {"TIDEWIRE_MODE": "production", "ALLOWED_HOSTS": "example.org", "TRUSTED_PROXIES": "1"}
    environment = child_environment(tmp_path) | secret | site
    command = [sys.executable, "manage.py", "conformance_server", "--port", "0"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "production" in done.stderr
    module = {**os.environ, **environment, "DJANGO_SETTINGS_MODULE": "tests.conformance.settings"}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=module, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "production" in done.stderr
