"""Takes the steps of docs/existing-project.md in tests/existing_project, on the wheel: its old tests pass unchanged."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from centrifuge import Client

from tests.contract.documents import blocks
from tests.contract.test_foreign_project import Installed, Received
from tests.rig import environments, servers
from tests.rig.environments import Pair
from tests.rig.site import ROOT, wait_until_ready

PROJECT = ROOT / "tests" / "existing_project"
PAGE = ROOT / "docs" / "existing-project.md"
BLOCKS = blocks(PAGE)
RUN = {block.name: block.code for block in BLOCKS if block.key == "runs"}
MAX_COMMANDS = 10

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.PostgreSQL]:
    server = servers.start_postgresql()
    yield server
    server.stop()


@pytest.fixture(scope="module", params=environments.pairs(), ids=str)
def pair(request: pytest.FixtureRequest) -> Pair:
    return request.param


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def before(request: pytest.FixtureRequest, pair: Pair, postgresql: servers.PostgreSQL) -> Installed:
    """Returns the project as it was, migrated, with a row of each kind."""
    python, folder = environments.installed(pair), servers.temporary_folder("helpdesk") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__", "live_tests.py"))
    variables = {"HELPDESK_DATA": str(folder)}
    if request.param == "postgresql":
        names = [f"{alias}_{pair.version.replace('.', '_')}" for alias in ("default", "archive")]
        urls = [urlsplit(postgresql.create_database(name)) for name in names]
        variables |= {"PGHOST": str(urls[0].hostname), "PGPORT": str(urls[0].port), "PGUSER": str(urls[0].username)}
        variables |= {"PGPASSWORD": str(urls[0].password), "HELPDESK_DEFAULT": names[0], "HELPDESK_ARCHIVE": names[1]}
    project = Installed(python, folder, variables)
    project.manage("migrate", "--verbosity", "0")
    project.manage("migrate", "--verbosity", "0", "--database", "archive")
    return project


@pytest.fixture(scope="module")
def adopted(before: Installed) -> Installed:
    """Takes the steps of the page in a copy of the project, on the same databases."""
    folder = before.folder.parent / "adopted"
    shutil.copytree(before.folder, folder, ignore=shutil.ignore_patterns("*.sqlite3*"))
    for block in BLOCKS:
        if block.key != "file":
            continue
        name, _, how = block.name.partition(" (")
        path = folder / name
        if not how:
            assert not path.exists(), f"{name} is the project's own"
            path.write_text(block.code)
        elif how == "at its end)":
            path.write_text(path.read_text() + block.code)
        else:
            first = block.code.splitlines()[0].replace("SnapshotMixin, ", "")
            start = f"{first}\n{block.code.splitlines()[1]}\n"
            text = path.read_text()
            assert start in text
            imports = "from tickets.live import users\nfrom tidewire.snapshots import SnapshotMixin\n"
            path.write_text(imports + text.replace(start, block.code))
    shutil.copy(PROJECT / "tickets" / "live_tests.py", folder / "tickets" / "live_tests.py")
    return Installed(before.python, folder, before.variables)


def test_it_takes_at_most_ten_commands():
    commands = [line for name in ("adopt", "serve", "token", "write") for line in RUN[name].splitlines() if line]
    assert 1 + len(commands) <= MAX_COMMANDS  # with pip install
    assert "ten commands" in PAGE.read_text()


def test_its_tests_passed_before(before):
    assert "OK" in before.manage("test")


def test_the_steps_can_be_taken_and_the_old_tests_pass_unchanged(adopted):
    out = adopted.run("bash", "-ec", RUN["adopt"])
    assert "no issues (0 silenced)" in out
    assert re.search(r"Ran 9 tests.*OK", out, re.S)
    adopted.manage("makemigrations", "--check", "--dry-run")


def test_the_new_tests_pass(adopted):
    assert "OK" in adopted.manage("test", "tickets.live_tests")


@pytest.fixture
def served(adopted: Installed) -> Iterator[str]:
    adopted.run("bash", "-ec", RUN["adopt"].replace("python manage.py test", ""))
    port, log = servers.free_port(), adopted.folder / "server.log"
    command = ["bash", "-ec", RUN["serve"].replace("8000", str(port)).replace("python", f"exec {adopted.python}", 1)]
    process = servers.spawn(command, log=log, cwd=adopted.folder, env=adopted.environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/api/", status=401)
        yield f"http://localhost:{port}"
    finally:
        servers.end(process, signal.SIGTERM)
    assert "Traceback" not in log.read_text()


async def test_the_first_event_is_on_a_socket(adopted, served):
    made = RUN["token"].replace("vera", f"vera{served[-5:]}") + "echo ~$TOKEN"
    token = (await asyncio.to_thread(adopted.run, "bash", "-ec", made)).partition("~")[2].strip()
    user = (await asyncio.to_thread(adopted.manage, "shell", "-c", USER_OF.format(token))).strip().split()[-1]
    client, received = Client(served.replace("http", "ws") + "/connection/websocket", token=token), Received()
    await client.connect()
    await client.new_subscription(f"user:{user}", events=received).subscribe()
    write = RUN["write"].replace("http://localhost:8000", served).replace("$TOKEN", token)
    await asyncio.to_thread(adopted.run, "bash", "-ec", write)
    _, type, data = await asyncio.wait_for(received.events.get(), 10)
    assert (type, data["title"]) == ("ticket.created", "Printer")
    await client.disconnect()


USER_OF = "from rest_framework.authtoken.models import Token; print(Token.objects.get(key='{}').user_id)"

OLD_WRITES = """
from django.contrib.auth.models import User
from tickets.factories import IncidentFactory, LabelFactory, TicketFactory
owner = User.objects.create_user("old")
kept, gone = TicketFactory.create_batch(2, owner=owner, title="by an old process")
kept.labels.add(LabelFactory())
IncidentFactory(owner=owner, title="by an old process")
User.objects.filter(pk=owner.pk).update(first_name="Old")
kept.title = "changed by an old process"
kept.save()
gone.delete()
print("~", owner.pk)
"""

EVENTS_OF = """
from tidewire.models import Event
rows = Event.objects.filter(stream__name="user:{}").order_by("offset")
print("~", *(f"{{row.type}}" for row in rows))
"""


def test_an_old_process_may_go_on_writing(before, adopted):
    """The old code writes to the database that the new code has migrated. One command makes events of what it wrote."""
    adopted.run("bash", "-ec", RUN["adopt"].replace("python manage.py test", ""))
    owner = before.manage("shell", stdin=OLD_WRITES).partition("~ ")[2].split()[0]
    assert adopted.manage("shell", stdin=EVENTS_OF.format(owner)).partition("~")[2].split() == []
    assert "tickets.Ticket: " in adopted.run("bash", "-ec", RUN["touch"])
    assert adopted.manage("shell", stdin=EVENTS_OF.format(owner)).partition("~")[2].split() == ["ticket.updated"] * 2
    again = RUN["touch"].replace("2026-01-01 00:00", "2999-01-01").replace(" --by changed_at", "")
    assert "tickets.Ticket: 0 rows" in adopted.run("bash", "-ec", again)


def test_the_page_shows_files_of_the_project():
    assert [block.name for block in BLOCKS if block.key == "file" and Path(block.name).suffix == ""] == []
