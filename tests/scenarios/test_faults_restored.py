"""A database is restored from a backup: with new epochs, no client mistakes the new history for the one it knows."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.rig.rest import channel
from tests.rig.site import Site, Sites
from tests.scenarios.conftest import MakeClient, People
from tests.scenarios.copies import Copy
from tests.sdk.agents import Position

pytestmark = [pytest.mark.parametrize("sdk", ["js"], indirect=True), pytest.mark.site(processes=1)]


def back_up(site: Site, sites: Sites) -> Callable[[], None]:
    """Makes a copy as docs/backup.md says. Returns a function that restores it, for when no server runs."""
    return back_up_sqlite(site) if site.size == "embedded" else back_up_postgresql(site, sites)


def back_up_sqlite(site: Site) -> Callable[[], None]:
    """Copies the file while the server runs."""
    file = Path(site.environment["DATA_DIR"]) / "tidewire.sqlite3"
    copy = file.with_name("backup.sqlite3")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)

    def restore() -> None:
        for suffix in ("-wal", "-shm"):
            file.with_name(file.name + suffix).unlink(missing_ok=True)
        shutil.copy(copy, file)

    return restore


def back_up_postgresql(site: Site, sites: Sites) -> Callable[[], None]:
    """Copies the database, in place of a dump. PostgreSQL asks that no client is connected, so the server stops."""
    name = site.environment["DATABASE_URL"].rsplit("/", 1)[1]
    assert sites._postgresql is not None
    site.server.terminate()
    url = sites._postgresql.create_database(f"{name}_backup", template=name)
    site.server.start()
    return lambda: site.environment.update(DATABASE_URL=url)  # servers start with this very dictionary


def test_a_restored_database_is_not_taken_for_the_one_before(
    site: Site, sites: Sites, people: People, sdk: MakeClient
) -> None:
    alice, *_ = people
    room = alice.make_room()
    copies: list[Copy] = []

    def state() -> Position:
        messages, position = alice.messages(room)
        copies.append(Copy(messages))
        return position

    alice.say(room, "before the backup")
    restore = back_up(site, sites)
    client = sdk()
    client.connect(site.ws_url, token=alice.access)
    client.subscribe(channel(room), get_state=state)
    client.wait_for("subscribed", channel(room))
    for number in range(5):
        alice.say(room, f"lost by the restore {number}")
    client.wait_for_offset(channel(room), alice.messages(room)[1]["offset"])

    asked = len(copies)
    site.server.terminate()
    restore()
    site.manage("new_epochs")
    mark = len(client.events)
    site.server.start()
    there = site.at(site.server, alice)
    there.log_in()
    for number in range(7):
        there.say(room, f"another history {number}")
    last = there.say(room, "the last one")

    client.wait_for("subscribed", channel(room), after=mark)
    assert len(copies) > asked
    if last not in copies[-1].listed():
        client.wait_for(
            "publication", channel(room), after=mark, where=lambda e: e.data["data"].get("id") == last["id"]
        )
    after = [event for event in client.events[mark:] if event.kind == "publication"]
    assert copies[-1].apply_all(after).listed() == there.messages(room)[0]
    assert "lost by the restore 0" not in [message["text"] for message in copies[-1].listed()]
