"""The commands of docs/backup.md and docs/upgrading.md, on a PostgreSQL with data in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.site import ROOT, Site, Sites

pytestmark = pytest.mark.verify

WRITE = """
from api.models import Member, Message, Room, User
user, _ = User.objects.get_or_create(email="vera@example.com", name="Vera")
room, _ = Room.objects.get_or_create(name="room", kind="public")
Message.objects.create(room=room, author=user, text="{text}")
"""
SHOW = """
from api.models import Message
from tidewire.models import Stream
print(sorted(Message.objects.values_list("text", flat=True)), Stream.objects.get(name__startswith="room:").epoch)
"""


@pytest.fixture
def site(sites: Sites) -> Site:
    return sites.make("grown", processes=0)


def run(site: Site, page: str, name: str) -> None:
    """Runs a block of a page beside the data of the site, as its operator would."""
    (code,) = [block.code for block in blocks(ROOT / "docs" / page) if block.name == name]
    url = urlsplit(site.environment["DATABASE_URL"])
    of_libpq = {"PGHOST": url.hostname, "PGPORT": str(url.port), "PGUSER": url.username, "PGPASSWORD": url.password}
    programs = f"{servers.find_postgresql().folder}:{site.environment['PATH']}"
    environment = {**site.environment, **of_libpq, "PGDATABASE": url.path.lstrip("/"), "PATH": programs}
    code = code.replace("python ", f"{sys.executable} ").replace(" manage.py", f" {ROOT / 'manage.py'}")
    done = subprocess.run(
        ["bash", "-euc", code], cwd=site.folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def show(site: Site) -> tuple[str, str]:
    """Returns the messages, and the epoch of their stream."""
    messages, _, epoch = site.shell(SHOW).strip().rpartition(" ")
    return messages, epoch


def test_a_dump_is_restored_under_a_new_epoch(site: Site) -> None:
    site.shell(WRITE.format(text="before"))
    before = show(site)
    run(site, "backup.md", "dump")
    assert (Path(site.folder) / "tidewire.dump").stat().st_mode & 0o077 == 0
    site.shell(WRITE.format(text="lost"))

    run(site, "backup.md", "restore")

    messages, epoch = show(site)
    assert messages == before[0] == "['before']"
    assert epoch != before[1]


def test_an_older_database_is_upgraded(site: Site) -> None:
    site.shell(WRITE.format(text="before"))
    site.manage("migrate", "tidewire", "0007", "--verbosity", "0")

    run(site, "upgrading.md", "upgrade")

    assert "[ ]" not in site.manage("showmigrations")
    assert show(site)[0] == "['before']"
