"""On SQLite and memory no channel layer brings what another process writes, such as a bridge or a command."""

from __future__ import annotations

import pytest

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient
from tests.sdk.agents import SdkEvent

POLL_SECONDS = 60

pytestmark = [
    pytest.mark.parametrize("sdk", ["py"], indirect=True),
    pytest.mark.only_size("embedded"),
    pytest.mark.site(settings={"POLL_SECONDS": str(POLL_SECONDS)}),
]


def test_what_another_process_writes_arrives_long_before_the_next_poll(site: Site, sdk: MakeClient) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    client = sdk()
    client.connect(site.ws_url, token=alice.access)
    client.subscribe(channel(room))
    client.wait_for("subscribed", channel(room))
    for name in ("one", "two", "three"):
        site.shell(f"from api.models import Room; Room.objects.get(pk={room!r}).change(name={name!r})")
        found = client.wait_for("publication", channel(room), where=lambda event, name=name: _name(event) == name)
        assert found.data["type"] == "room.updated"


def _name(event: SdkEvent) -> str:
    return event.data["data"]["name"]
