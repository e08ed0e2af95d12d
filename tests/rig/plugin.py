"""pytest's side of the rig: which database, which size.

Loaded by `-p` (pyproject.toml), because the database must be chosen before pytest-django imports the settings.
"""

import gc
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connections
from django.urls import get_resolver

from tests.rig import emptied, servers
from tests.rig.redis_cluster import RedisCluster, start_cluster
from tests.rig.site import QUOTAS, Site, Sites
from tests.rig.verify import IS_VERIFY

SIZES = ("embedded", "grown")
DATABASES = ("sqlite", "postgresql")
postgresql = pytest.StashKey[servers.PostgreSQL]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tidewire")
    group.addoption(
        "--database",
        choices=DATABASES,
        default="sqlite",
        help="what the in-process tests run on; postgresql starts a throw-away server",
    )
    group.addoption("--server", choices=("daphne", "uvicorn"), default="daphne", help="what serves the scenarios")
    group.addoption("--size", choices=SIZES, default=None, help="run the scenarios on one size only")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Sets the environment that the settings read. A wrapper, because wrappers run before pytest-django's hook."""
    folder = servers.temporary_folder("data")
    (folder / "static").mkdir()  # WhiteNoise warns when there is none, and warnings are errors here
    os.environ.update(TIDEWIRE_MODE="development", DATA_DIR=str(folder))
    os.environ.update(dict.fromkeys(QUOTAS, "0"))
    # Models in every shape that a live model may have.
    os.environ["TIDEWIRE_EXTRA_APPS"] = "tests.tidewire.liveapp,tests.tidewire.deskapp"
    for name in ("DATABASE_URL", "REDIS_URL"):  # a developer's own servers are not for tests to empty
        os.environ.pop(name, None)
    if early_config.known_args_namespace.database == "postgresql" and not _is_xdist_controller(early_config):
        server = servers.start_postgresql()
        early_config.stash[postgresql] = server
        os.environ["DATABASE_URL"] = server.create_database("tidewire")
    return (yield)


def _is_xdist_controller(config: pytest.Config) -> bool:
    """With `-n`, the first process hands out tests and runs none. Only its workers need a database server."""
    return bool(config.known_args_namespace.numprocesses) and "PYTEST_XDIST_WORKER" not in os.environ


def pytest_configure() -> None:
    _use_a_file()
    emptied.install()
    # Every test client loads the middleware, and WhiteNoise would list all static files each time.
    settings.WHITENOISE_AUTOREFRESH = True
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line per request hides what failed


def _use_a_file() -> None:
    """Puts SQLite into a file, as in production, where writers wait for each other. In memory they would share a cache,
    which refuses instead of waiting. The file need not survive, so nothing is synced. Writers wait longer, for busy
    machines."""
    database = connections["default"].settings_dict
    if connections["default"].vendor == "sqlite":
        database["TEST"]["NAME"] = str(Path(os.environ["DATA_DIR"]) / "test.sqlite3")
        database["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF; PRAGMA busy_timeout=30000;"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked `verify` or is shown on the other database, except in `make verify`; and on PostgreSQL
    what uses no database.

    The run on SQLite has shown that already. pytest-django lets no other test reach the database.
    """
    database = config.getoption("database")
    left_out = [
        item
        for item in items
        if (item.get_closest_marker("verify") and not IS_VERIFY)
        or is_shown_elsewhere(item, database, DATABASES)
        or (database == "postgresql" and not _uses_database(item))
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def is_shown_elsewhere(item: pytest.Item, here: str, places: tuple[str, ...]) -> bool:
    """Whether the marker `shown_on` names another of these places, and `make verify` does not run all of them."""
    mark = item.get_closest_marker("shown_on")
    return mark is not None and not IS_VERIFY and mark.args[0] in places and mark.args[0] != here


def pytest_collection_finish() -> None:
    """Leaves what was imported and collected out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def _uses_database(item: pytest.Item) -> bool:
    marks = ("django_db", "own_database")
    fixtures = {"db", "transactional_db"}
    return any(map(item.get_closest_marker, marks)) or not fixtures.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session", autouse=True)
def _addresses() -> None:
    """Loads the URLconf before any test changes a setting, because settings decide which addresses there are."""
    get_resolver().url_patterns  # noqa: B018


@pytest.fixture(scope="session")
def redis_cluster() -> Iterator[RedisCluster]:
    """A cluster of three primaries for all modules that need no fault of it. The first of them starts it."""
    cluster = start_cluster()
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def sites(request: pytest.FixtureRequest) -> Iterator[Sites]:
    """Makes sites from templates that are migrated once in this process."""
    sites = Sites(servers.temporary_folder("sites"), request.config.getoption("server"), "tests.rig.site_settings")
    yield sites
    sites.stop()


@pytest.fixture(scope="session")
def shared_sites(sites: Sites) -> Iterator[dict[str, Site]]:
    """{size: a running site} for all modules that need nothing special. The first of them starts it."""
    shared: dict[str, Site] = {}
    yield shared
    for site in shared.values():
        site.stop()


@pytest.fixture(scope="module")
def embedded_site(sites: Sites, shared_sites: dict[str, Site]) -> Iterator[Site]:
    """The running site on SQLite and memory that modules share. Fails on a traceback in its log."""
    yield from share_site("embedded", sites, shared_sites)


def share_site(size: str, sites: Sites, shared: dict[str, Site]) -> Iterator[Site]:
    """Yields the shared site of this size, started, with every server running, and checks its logs afterwards."""
    site = shared[size] = shared.get(size) or sites.make(size)
    site.start()  # also what a test has killed and, because it failed, not started again
    yield site
    site.check_logs()


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(postgresql, None)
    if server is not None:
        server.stop()


def pytest_report_header(config: pytest.Config) -> str:
    return f"tidewire: in-process tests on {config.getoption('database')}"
