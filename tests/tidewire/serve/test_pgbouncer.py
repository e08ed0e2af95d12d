"""PgBouncer in transaction mode, as Debian packages it: everything works without a setting, timeouts included."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site, Sites, run_manage
from tests.rig.verify import program
from tests.tidewire.serve.served import Served, wait_until

pytestmark = pytest.mark.verify

SERVER_CONNECTIONS = 4
"""Fewer than the clients' connections, so that transactions change between them."""

CONF = """
[databases]
* = host=127.0.0.1 port={port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own}
unix_socket_dir =
auth_type = plain
auth_file = {users}
pool_mode = transaction
default_pool_size = {size}
max_client_conn = 200
server_round_robin = 1
logfile = {folder}/log
"""


class PgBouncer:
    """In front of the server of a database's URL. `url` leads through it."""

    def __init__(self, url: str) -> None:
        parts, own = urlsplit(url), servers.free_port()
        folder = servers.temporary_folder("pgbouncer")
        (folder / "users").write_text(f'"{parts.username}" "{parts.password}"\n')
        conf = CONF.format(port=parts.port, own=own, users=folder / "users", size=SERVER_CONNECTIONS, folder=folder)
        (folder / "ini").write_text(conf)
        user = servers.unprivileged_user()
        for path in (folder, *folder.iterdir()):
            path.chmod(0o777 if path.is_dir() else 0o644)
        self.log = folder / "out"
        self._process = servers.spawn(
            [program("pgbouncer", "pgbouncer"), str(folder / "ini")], log=self.log, user=user, cwd=folder
        )
        self.url = urlunsplit(parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{own}"))
        assert wait_until(self._is_answering, 20), self.log.read_text()

    def _is_answering(self) -> bool:
        try:
            with psycopg.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False

    def stop(self) -> None:
        servers.end(self._process, signal.SIGTERM)


@pytest.fixture(scope="module")
def direct(sites: Sites) -> Site:
    """A site that is not started: its database is migrated."""
    return sites.make("grown", processes=1)


@pytest.fixture(scope="module")
def site(direct: Site) -> Iterator[Site]:
    pgbouncer = PgBouncer(direct.environment["DATABASE_URL"])
    environment = direct.environment | {"DATABASE_URL": pgbouncer.url, "DATABASE_POOL_SIZE": "12"}
    pooled = Site("grown", direct.folder, environment, 1, direct._redis)
    pooled.servers[:] = [Served(environment, direct.folder / "pooled.log", "--workers", "2")]
    pooled.start()
    yield pooled
    pooled.stop()
    pooled.check_logs()
    pgbouncer.stop()


def test_everything_works(site: Site) -> None:
    alice, bob = site.people("alice", "bob")
    room = alice.make_room()
    alice.add(room, bob)
    with RawSocket(site.ws_url) as client:
        client.connect(bob.fresh_token())
        position = client.subscribe(channel(room))["subscribe"]
        texts = [alice.say(room, f"message {number}")["text"] for number in range(30)]
        alice.patch(f"rooms/{room}/", {"name": "renamed"}, headers={"If-Match": "*"})
        received = [client.receive()["push"]["pub"]["data"] for _ in range(31)]
    assert [event["data"]["text"] for event in received[:30]] == texts
    assert received[30]["type"] == "room.updated"
    with RawSocket(site.ws_url) as client:
        client.connect(bob.fresh_token())
        again = client.subscribe(channel(room), recover=True, epoch=position["epoch"], offset=position.get("offset", 0))
    assert len(again["subscribe"]["publications"]) == 31
    assert site.manage("housekeeping") is not None


def sessions(site: Site, query: str) -> list[str]:
    """Runs a query on more connections at once than PgBouncer has, so that it meets each of its sessions."""
    found = []
    with psycopg.connect(site.environment["DATABASE_URL"]) as first:
        first.execute("BEGIN")
        others = [psycopg.connect(site.environment["DATABASE_URL"]) for _ in range(SERVER_CONNECTIONS - 1)]
        for connection in (first, *others):
            row = connection.execute(query).fetchone()  # opens a transaction, which holds its session
            assert row is not None
            found.append(str(row[0]))
        for connection in others:
            connection.close()
    return found


def test_each_session_has_the_timeouts(site: Site, direct: Site) -> None:
    with psycopg.connect(direct.environment["DATABASE_URL"]) as connection:
        defaults = connection.execute("SELECT unnest(setconfig) FROM pg_db_role_setting").fetchall()
    assert {default for (default,) in defaults} >= {
        "statement_timeout=30s",
        "lock_timeout=10s",
        "idle_in_transaction_session_timeout=10s",
    }
    for name, value in (("statement", "30s"), ("lock", "10s"), ("idle_in_transaction_session", "10s")):
        assert sessions(site, f"SHOW {name}_timeout") == [value] * SERVER_CONNECTIONS


def test_migrations_take_as_long_as_they_take(site: Site) -> None:
    """Also behind PgBouncer: one that sleeps for longer than a (lowered) timeout, in a transaction."""
    code = (
        "from django.db import connection, transaction\n"
        "from tidewire.queries.session_settings import lifted\n"
        "from django.db.utils import OperationalError\n"
        "def sleep():\n"
        "    with transaction.atomic(), connection.cursor() as cursor:\n"
        "        cursor.execute('SHOW statement_timeout'); return cursor.fetchone()[0]\n"
        "outside = sleep()\n"
        "with lifted(connection): inside = sleep()\n"
        "print(outside, inside, sleep())\n"
    )
    assert site.shell(code).split() == ["30s", "0", "30s"]
    assert "No migrations to apply" in site.manage("migrate")


def test_a_first_migrate_through_it_works_too(site: Site, direct: Site) -> None:
    """An empty database, and nothing but PgBouncer between."""
    with psycopg.connect(direct.environment["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE through_pgbouncer")
    environment = dict(site.environment)
    environment["DATABASE_URL"] = urlunsplit(urlsplit(environment["DATABASE_URL"])._replace(path="/through_pgbouncer"))
    run_manage(environment, "migrate", "--verbosity", "0")
    assert "No changes" in run_manage(environment, "makemigrations", "--check", "--dry-run")


READ = """
from api.models import Room
from tests.rig.standby import Person, catch_up, outcomes
from tidewire.log.pages import read_after
from tests.factories import make_message, make_room, make_user
owner = Person(make_user("Olga"))
room = make_room(owner.user)
make_message(room, owner.user, "one")
catch_up()
for number in range(8):
    assert owner.texts(room, f"?limit={number + 1}") == ["one"]
    assert len(read_after(f"room:{room.pk}", 0).entries) == 2
    assert len(owner.get("/api/v1/search/messages/?q=one").json()["results"]) == 1
from django.db import connections, transaction
with transaction.atomic("replica"), connections["replica"].cursor() as cursor:
    cursor.execute("SHOW statement_timeout")
    print(cursor.fetchone()[0], outcomes())
"""


def test_reads_come_from_a_replica_behind_it(direct: Site) -> None:
    """Each transaction has the timeouts: a standby takes no ALTER ROLE."""
    assert direct.postgresql is not None
    replica = servers.start_replica(direct.postgresql)
    pgbouncer = PgBouncer(replica.url)
    try:
        path = urlsplit(direct.environment["DATABASE_URL"]).path
        url = urlunsplit(urlsplit(pgbouncer.url)._replace(path=path))
        settings = {"DATABASE_REPLICA_URL": url, "REPLICA_WAIT_SECONDS": "20", "ALLOWED_HOSTS": "localhost"}
        shown = run_manage(direct.environment | settings, "shell", "-v", "0", "-c", READ).splitlines()[-1]
    finally:
        pgbouncer.stop()
        replica.stop()
    assert shown == "2s {'replica': 24, 'behind': 0, 'away': 0, 'failed': 0, 'promoted': 0}"
