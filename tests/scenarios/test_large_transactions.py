"""A transaction with more events than are pushed: apps read the list anew, and readers of the log get every event."""

from __future__ import annotations

from collections.abc import Callable

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import MakeClient, People
from tests.scenarios.copies import Copy
from tests.sdk.agents import Position
from tidewire.ground.conf import DEFAULTS

COUNT = DEFAULTS["MAX_PUSHED_EVENTS"] + 100


def write_many(site: Site, person: Person, room: str) -> None:
    """Writes so many messages in one transaction, in a process that is no server."""
    site.shell(
        "from api.models import Message\n"
        "Message.objects.bulk_create(\n"
        f"    Message(room_id='{room}', author_id='{person.id}', text=f'{{n}}') for n in range({COUNT})\n"
        ")\n"
    )


def test_an_app_reads_its_list_anew_and_goes_on(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    copies: list[Copy] = []

    def state() -> Position:
        messages, position = bob.messages(room)
        copies.append(Copy(messages))
        return position

    client = sdk()
    client.connect(site.servers[-1].ws_url, get_token=bob.fresh_token)
    client.subscribe(channel(room), get_state=state)
    client.wait_for("subscribed", channel(room))
    alice.say(room, "before")
    client.wait_for_offset(channel(room), 3)
    mark = len(client.events)

    write_many(site, alice, room)
    client.wait_for("subscribed", channel(room), after=mark)
    said = alice.say(room, "after")
    client.wait_for_offset(channel(room), COUNT + 4)

    pushed = [event for event in client.events[mark:] if event.kind == "publication"]
    assert [event.offset for event in pushed] == [COUNT + 4]
    assert len(copies) == 2
    assert copies[-1].apply_all(pushed).listed()[0] == said
    assert client.kinds().count("connected") == 1


def test_a_reader_of_the_log_gets_every_event(site: Site, people: People, room: str) -> None:
    alice, *_ = people
    write_many(site, alice, room)
    offsets: list[int] = []
    while True:
        after = offsets[-1] if offsets else 2
        page = alice.get(f"streams/{channel(room)}/events/?after={after}&limit=500")
        if not page["results"]:
            break
        offsets += [event["offset"] for event in page["results"]]
    assert offsets == list(range(3, COUNT + 3))


def test_a_position_before_it_is_answered_with_112(
    site: Site, people: People, room: str, raw: Callable[[str], RawSocket]
) -> None:
    alice, *_ = people
    position = alice.messages(room)[1]
    write_many(site, alice, room)
    alice.say(room, "after")
    for server in site.servers:
        socket = raw(server.ws_url)
        socket.connect(alice.fresh_token())
        asked = {"recover": True, "epoch": position["epoch"], "offset": position["offset"]}
        assert socket.subscribe(channel(room), flag=2, **asked)["error"]["code"] == 112
        late = {**asked, "offset": position["offset"] + COUNT}
        result = socket.subscribe(channel(room), id=3, flag=2, **late)["subscribe"]
        assert (result["recovered"], len(result["publications"])) == (True, 1)
