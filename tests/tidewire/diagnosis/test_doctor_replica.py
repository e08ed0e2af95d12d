"""What `manage.py doctor` says of a read replica: one that follows, and each that does not."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from django.db import connections

from tests.factories import make_room, make_user
from tests.rig import servers
from tests.rig.servers import PostgreSQL
from tests.rig.standby import as_replica, catch_up, paused
from tidewire.diagnosis.doctor import stores
from tidewire.diagnosis.doctor.finding import ERROR, OK, WARNING

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "replica"]),
    pytest.mark.shown_on("postgresql"),
]


def said() -> tuple[str, str]:
    """Returns the level and the text of what is said. A fault has a remedy."""
    (finding,) = stores._replica(connections["default"])
    assert finding.subject == "replica"
    assert bool(finding.remedy) == (finding.level != OK)
    return finding.level, finding.text


@pytest.fixture(autouse=True)
def _closed(standby: PostgreSQL) -> Iterator[None]:
    yield
    connections["replica"].close()


def test_one_that_follows():
    catch_up()
    assert said() == (OK, "it follows the primary, 0 bytes behind")


def test_one_whose_replay_is_paused(standby):
    with paused(standby):
        assert said() == (WARNING, "its replay is paused")


def test_one_that_is_far_behind(standby, monkeypatch):
    monkeypatch.setattr(stores, "FAR_BEHIND_BYTES", 1000)
    catch_up()
    set_delay(standby, "1h")
    try:
        make_room(make_user())
        with connections["default"].cursor() as cursor:
            cursor.execute("CHECKPOINT")  # writes the log to the disk, up to where the replica is compared
        assert said() == (WARNING, "it is 0 MiB behind")
    finally:
        set_delay(standby, "0")
    catch_up()


def set_delay(standby: PostgreSQL, delay: str) -> None:
    standby.execute(f"ALTER SYSTEM SET recovery_min_apply_delay = '{delay}'")
    standby.execute("SELECT pg_reload_conf()")


def test_the_primary_itself():
    with as_replica(PostgreSQL(f"postgres://h:{connections['default'].settings_dict['PORT']}/d")):
        assert said() == (ERROR, "it is no standby: it was promoted, or is the primary itself")


def test_one_of_another_primary(standby):
    other = servers.start_postgresql(servers.find_postgresql())
    other.create_database(str(connections["default"].settings_dict["NAME"]))
    replica = servers.start_replica(other)
    secret = str(urlsplit(other.url).password)
    with as_replica(replica, PASSWORD=secret):
        assert said() == (ERROR, "it follows another primary")
    replica.stop()
    other.stop()


def test_one_that_refuses_the_password(standby):
    with as_replica(standby, PASSWORD="wrong"):
        level, text = said()
    assert level == WARNING
    assert text.startswith("DATABASES['replica'] does not answer")
    assert "wrong" not in text


def test_one_that_is_away(standby):
    with as_replica(PostgreSQL(f"postgres://h:{servers.free_port()}/d")):
        level, text = said()
    assert level == WARNING
    assert text.startswith("DATABASES['replica'] does not answer")
