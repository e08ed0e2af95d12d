"""Each failpoint takes effect. Without this, a scenario could pass because nothing failed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests.rig.site import ROOT, Site, Sites
from tests.soak.failpoints import (
    APP,
    KILL_AFTER_COMMIT,
    KILL_AFTER_NEXT_COMMIT,
    KILL_BEFORE_COMMIT,
    PRESENCE,
    SKEW,
)

ROOM = "from api.models import Message, Room; room = Room.objects.create(name='r', kind='private')"
SAY = "Message.objects.create(room=room, author=None, text={!r})"


@pytest.fixture
def site(sites: Sites) -> Site:
    return sites.make("embedded", settings={"TIDEWIRE_EXTRA_APPS": APP})


def run(site: Site, *lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the lines in `manage.py shell`, whether it lives or dies."""
    command = [sys.executable, "manage.py", "shell", "--verbosity", "0", "--command", "\n".join(lines)]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=site.environment | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def texts(site: Site) -> list[str]:
    with sqlite3.connect(site.folder / "tidewire.sqlite3") as connection:
        return [text for (text,) in connection.execute("SELECT text FROM api_message ORDER BY created_at, id")]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([KILL_BEFORE_COMMIT], []),
        ([KILL_AFTER_COMMIT], [KILL_AFTER_COMMIT]),
        ([KILL_AFTER_NEXT_COMMIT, "next"], [KILL_AFTER_NEXT_COMMIT, "next"]),
    ],
    ids=["before COMMIT", "after COMMIT", "after the next COMMIT"],
)
def test_a_process_dies_at_the_named_place(site: Site, said: list[str], kept: list[str]) -> None:
    died = run(site, ROOM, *map(SAY.format, said), "print('survived')")

    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "")
    assert texts(site) == kept


def test_a_clock_is_set_off(site: Site) -> None:
    """For rows and events alike."""
    lines = (
        "from tidewire.models import Event",
        "event = Event.objects.latest('offset')",
        "print(room.created_at.isoformat(), event.at.isoformat())",
    )
    done = run(site, ROOM, SAY.format("hello"), *lines, **{SKEW: "3600"})

    assert done.returncode == 0, done.stderr
    moved = datetime.now(UTC) + timedelta(seconds=3600)
    for moment in map(datetime.fromisoformat, done.stdout.split()):
        assert abs(moment - moved) < timedelta(seconds=60)


def test_presence_expires_sooner(site: Site) -> None:
    done = run(
        site,
        "from tidewire.delivery import presence, presence_stores",
        "print(presence_stores.EXPIRE_SECONDS, presence.CONFIRM_SECONDS)",
        **{PRESENCE: "5"},
    )
    assert done.stdout.split() == ["5.0", "2.0"], done.stderr
