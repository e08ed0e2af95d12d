"""The conformance server, with the Python SDK and the API that suites use. The SDKs' own suites run against it by hand;
docs/testing.md says which have, and how."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx
import jwt
import pytest
from centrifuge import Client, JoinContext, PublicationContext, ReplyError, SubscribedContext, SubscriptionEventHandler

from tests.rig import servers
from tests.rig.site import ROOT, child_environment, wait_until_ready

WAIT_SECONDS = 10


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    folder, port = servers.temporary_folder("conformance"), servers.free_port()
    command = [sys.executable, "manage.py", "conformance_server", "--port", str(port)]
    process = servers.spawn(command, log=folder / "log", cwd=ROOT, env=child_environment(folder))
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/healthz")
        yield f"http://127.0.0.1:{port}"
    finally:
        servers.end(process, signal.SIGTERM)
    assert "Traceback" not in (folder / "log").read_text()


class Heard(SubscriptionEventHandler):
    def __init__(self) -> None:
        self.publications: asyncio.Queue = asyncio.Queue()
        self.subscribed: asyncio.Queue = asyncio.Queue()
        self.joins: asyncio.Queue = asyncio.Queue()

    async def on_publication(self, ctx: PublicationContext) -> None:
        self.publications.put_nowait((ctx.pub.offset, ctx.pub.data))

    async def on_subscribed(self, ctx: SubscribedContext) -> None:
        self.subscribed.put_nowait((ctx.was_recovering, ctx.recovered))

    async def on_join(self, ctx: JoinContext) -> None:
        self.joins.put_nowait(ctx.info.user)


async def next_of(queue: asyncio.Queue):
    return await asyncio.wait_for(queue.get(), WAIT_SECONDS)


def client(url: str, **options) -> Client:
    return Client(url.replace("http", "ws") + "/connection/websocket", **options)


def publish(url: str, channel: str, data, key: str = "test-api-key") -> httpx.Response:
    body = {"channel": channel, "data": data}
    return httpx.post(f"{url}/api/publish", json=body, headers={"X-API-Key": key}, trust_env=False)


def token(**claims) -> str:
    return jwt.encode(claims, "secret", algorithm="HS256")


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("is_protobuf", [False, True])
async def test_an_open_channel(url, is_protobuf):
    one, heard = client(url, use_protobuf=is_protobuf), Heard()
    channel, said = f"channel-{is_protobuf}", b'{"a":1}' if is_protobuf else {"a": 1}
    await one.connect()
    sub = one.new_subscription(channel, events=heard)
    await sub.subscribe()
    assert await next_of(heard.subscribed) == (False, False)
    await sub.publish(said)
    assert await next_of(heard.publications) == (1, said)
    assert publish(url, channel, {"b": 2}).json()["result"]["offset"] == 2
    await next_of(heard.publications)
    history = await sub.history(limit=-1)
    assert (len(history.publications), history.offset) == (2, 2)
    presence = await sub.presence_stats()
    assert (presence.num_clients, presence.num_users) == (1, 1)
    assert await next_of(heard.joins) == ""
    with pytest.raises(ReplyError) as refused:
        await one.rpc("nothing", b"{}" if is_protobuf else {})
    assert refused.value.code == 108
    await one.disconnect()


@pytest.mark.parametrize(("namespace", "is_recovered"), [("recovery", True), ("smallhistory", False)])
async def test_who_comes_back(url, namespace, is_recovered):
    one, heard, channel = client(url), Heard(), f"{namespace}:back"
    await one.connect()
    sub = one.new_subscription(channel, events=heard)
    await sub.subscribe()
    await next_of(heard.subscribed)
    publish(url, channel, 0)
    await next_of(heard.publications)
    await sub.unsubscribe()
    for number in range(1, 6):
        publish(url, channel, number)
    await sub.subscribe()
    assert await next_of(heard.subscribed) == (True, is_recovered)
    if is_recovered:
        assert [(await next_of(heard.publications))[1] for _ in range(5)] == [1, 2, 3, 4, 5]
    await one.disconnect()


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"sub": "42", "channel": "private"}, None),
        ({"sub": "42", "channel": "other"}, 103),
        ({"sub": "43", "channel": "private"}, 103),
        (None, 103),
    ],
)
async def test_subscription_tokens(url, claims, code):
    async def get_token(channel: str) -> str:
        return token(**claims) if claims else "invalid"

    one = client(url, token=token(sub="42"))
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


def test_production_settings_refuse_it(tmp_path):
    secret = {"SECRET_KEY": "s" * 60 + str(time.time()), "JWT_SIGNING_KEY": "j" * 60 + str(time.time())}
    environment = child_environment(tmp_path) | secret | {"TIDEWIRE_MODE": "production", "ALLOWED_HOSTS": "example.org"}
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
