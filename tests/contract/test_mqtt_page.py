"""Runs docs/mqtt.md: a key signs in at a broker, and the page's recipes publish and read what they say."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator

import aiomqtt
import pytest
import yaml

from tests.contract.documents import blocks
from tests.mqtt.brokers import KIND, Broker
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site, Sites
from tests.tidewire.serve.served import wait_until

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "mqtt.md"
RUN = {block.name: block.code for block in blocks(PAGE) if block.key == "runs"}
CONSUMERS = next(block.code for block in blocks(PAGE) if block.name == "consumers.py")


def test_every_block_is_run_here():
    assert set(RUN) == {"key", "publish", "micropython", "esphome", "home-assistant"}


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    broker = Broker(KIND, servers.temporary_folder("page-broker"))
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture(scope="module")
def site(sites: Sites, broker: Broker) -> Iterator[Site]:
    """A server, and a bridge beside it that runs the page's consumer."""
    site = sites.make("embedded", settings=broker.settings)
    site.start()
    (site.folder / "consumers.py").write_text(CONSUMERS)
    more = {"MQTT_APPLICATION": "consumers.application", "MQTT_MORE_FILTERS": "building/#"}
    environment = {**site.environment, **more, "PYTHONPATH": str(site.folder)}
    log = site.folder / "bridge.log"
    bridge = servers.spawn([sys.executable, "manage.py", "mqtt_bridge"], log=log, cwd=ROOT, env=environment)
    wait_until(lambda: "the broker is connected" in log.read_text(), seconds=60)
    yield site
    servers.end(bridge, 15)
    site.stop()
    assert "Traceback" not in log.read_text()


@pytest.fixture(scope="module")
def owner(site: Site) -> Person:
    return site.person("mia")


@pytest.fixture(scope="module")
def metric(owner: Person) -> dict:
    dashboard = owner.post("dashboards/", {"name": "Kitchen"})
    return owner.post(f"dashboards/{dashboard['id']}/metrics/", {"key": "warmth", "name": "Warmth"})


@pytest.fixture(scope="module")
def device(site: Site, owner: Person, broker: Broker) -> dict[str, str]:
    environment = os.environ | {"URL": site.url, "TOKEN": owner.fresh_token()}
    made = subprocess.run(["sh", "-c", RUN["key"]], env=environment, capture_output=True, check=True, timeout=30)
    key = json.loads(made.stdout)
    user = f"{key['id']}:"
    wait_until(lambda: user in (broker.files / "passwords").read_text(), seconds=30)
    return {"ID": key["id"], "KEY": key["key"], "PORT": str(broker.port)}


def samples(owner: Person, metric: dict) -> list[float]:
    return [sample["value"] for sample in owner.get(f"metrics/{metric['id']}/samples/")["results"]]


def test_mosquitto_pub_and_micropython_publish_samples(owner, metric, device, monkeypatch):
    if shutil.which("mosquitto_pub"):
        environment = os.environ | device | {"METRIC": metric["id"]}
        subprocess.run(["sh", "-c", RUN["publish"]], env=environment, check=True, timeout=30)
        wait_until(lambda: samples(owner, metric) == [21.5], seconds=30)
    earlier = len(samples(owner, metric))
    names: dict = {}
    monkeypatch.setitem(sys.modules, "umqtt", types.ModuleType("umqtt"))
    monkeypatch.setitem(sys.modules, "umqtt.simple", micropython())
    exec(RUN["micropython"], names)
    names.update(HOST="127.0.0.1", PORT=int(device["PORT"]), ID=device["ID"], KEY=device["KEY"])
    names["TOPIC"] = f"tidewire/keys/{device['ID']}/metrics/{metric['id']}/samples"
    names["run"](times=2, seconds=0)
    wait_until(lambda: len(samples(owner, metric)) == earlier + 2, seconds=30)


def micropython() -> types.ModuleType:
    """MicroPython's umqtt.simple, as far as the page uses it, on paho."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    class MQTTClient:
        def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0):
            self._place = (server, port, keepalive)
            self._client = Client(CallbackAPIVersion.VERSION2, client_id)
            self._client.username_pw_set(user, password)

        def connect(self):
            self._client.connect(*self._place)
            self._client.loop_start()

        def publish(self, topic, message, retain=False, qos=0):
            self._client.publish(topic, message, qos, retain).wait_for_publish(20)

        def disconnect(self):
            self._client.disconnect()
            self._client.loop_stop()

    module = types.ModuleType("umqtt.simple")
    module.MQTTClient = MQTTClient
    return module


async def test_the_topics_of_the_smart_home_recipes_are_ours(owner, metric, device):
    """What ESPHome publishes to is stored, and what Home Assistant subscribes to is retained."""
    place = yaml.safe_load(RUN["esphome"])["sensor"][0]["state_topic"].split("/")
    place[2], place[4] = device["ID"], metric["id"]
    shown = yaml.safe_load(RUN["home-assistant"])["mqtt"]["sensor"][0]
    state = shown["state_topic"].split("/")
    state[3], state[4] = metric["dashboard"], metric["id"]
    signed_in = {"username": device["ID"], "password": device["KEY"]}
    async with aiomqtt.Client("127.0.0.1", int(device["PORT"]), **signed_in) as client:
        await client.publish("/".join(place), b"19.25", 1)
        await client.subscribe("/".join(state), 1)
        async for message in client.messages:
            value = json.loads(message.payload)["data"]["samples"][-1]["value"]
            if value == 19.25:
                break
    assert shown["value_template"] == "{{ value_json.data.samples[-1].value }}"


def test_the_consumer_of_the_page_answers(broker, site):
    """The bridge's own user stands for a device here, as the page leaves these topics to the operator."""
    code = (
        "from tidewire.mqtt.users import bridge_password; from tidewire.ground.conf import conf; "
        "print(conf.MQTT_USER, bridge_password())"
    )
    user, password = site.shell(code).split()[-2:]
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    heard: list[tuple[str, bytes]] = []
    client = Client(CallbackAPIVersion.VERSION2, "door")
    client.username_pw_set(user, password)
    client.on_message = lambda client, data, message: heard.append((message.topic, message.payload))
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.subscribe("building/+/lamp", 1)

    def is_answered() -> bool:
        client.publish("building/east/door", b"open", 1)
        return ("building/east/lamp", b"on") in heard

    wait_until(is_answered, seconds=30)
    client.disconnect()
    client.loop_stop()
