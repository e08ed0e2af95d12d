"""Running servers over TCP, each in processes of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.site import Site, Sites
from tests.tidewire.serve.served import Served
from tidewire.serve.metrics_folder import MetricsFolder

MakeSite = Callable[..., Site]


@pytest.fixture(scope="module")
def make_site(sites: Sites) -> Iterator[MakeSite]:
    """`make_site(size="embedded", arguments=(), **settings)` starts a site behind `manage.py serve`. At the end the
    sites are stopped, and their logs must hold no traceback."""
    made: list[Site] = []

    def make(size: str = "embedded", arguments: tuple[str, ...] = (), **settings: str) -> Site:
        site = sites.make(size, processes=1, settings=settings)
        site.servers = [Served(site.environment, site.folder / "served.log", *arguments)]
        site.start()
        made.append(site)
        return site

    yield make
    for site in made:
        site.stop()
        site.check_logs()


@pytest.fixture(scope="module")
def site(make_site: MakeSite) -> Site:
    """A site with the default settings."""
    return make_site()


@pytest.fixture
def served(site: Site) -> Served:
    return site.server


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MetricsFolder]:
    """A folder of metrics, as a supervisor has one."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = MetricsFolder()
    yield folder
    folder.remove()
