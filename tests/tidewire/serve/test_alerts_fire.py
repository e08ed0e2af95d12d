"""Each alert of deploy/prometheus fires for a fault that is planted on a real server, and was quiet before: as a real
Prometheus sees it, in quick motion.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.rig import servers
from tests.rig.site import Sites
from tests.rig.verify import figure
from tests.tidewire.serve.faults import FAULTS, FAULTS_OF_WORKERS, GOOD, SETTINGS, Fault, Scene, write_release
from tests.tidewire.serve.prometheus import RULES, Prometheus
from tests.tidewire.serve.served import Served, wait_until

FIRES_SECONDS, QUIET_SECONDS = 120.0, 150.0


@pytest.fixture(scope="module")
def sites() -> Iterator[Sites]:
    sites = Sites(servers.temporary_folder("alerts"))
    yield sites
    sites.stop()


@pytest.fixture(scope="module")
def process(sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Prometheus]]:
    """One process with a PostgreSQL and a Redis of its own, and few places."""
    with watched(sites, tmp_path_factory.mktemp("process"), SETTINGS) as found:
        yield found


@pytest.fixture(scope="module")
def supervisor(sites: Sites, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Scene, Prometheus]]:
    folder = tmp_path_factory.mktemp("supervisor")
    write_release(folder, GOOD)
    settings = {"TIDEWIRE_EXTRA_APPS": "fragile", "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    with watched(sites, folder, settings, "--workers", "2") as found:
        yield found


@contextmanager
def watched(
    sites: Sites, folder: Path, settings: dict[str, str], *arguments: str
) -> Iterator[tuple[Scene, Prometheus]]:
    site = sites.make("grown", processes=1, settings=settings, own_redis=True)
    site.servers = [Served(site.environment, folder / "served.log", *arguments)]
    site.start()
    prometheus = Prometheus(folder, site.url.removeprefix("http://"))
    try:
        assert wait_until(prometheus.has_scraped, 60)
        scene = Scene(site, folder)
        with scene.closing:
            yield scene, prometheus
    finally:
        prometheus.stop()
        site.stop()


def plant(alert: str, fault: Fault, scene: Scene, prometheus: Prometheus) -> None:
    assert wait_until(lambda: alert not in prometheus.firing(), QUIET_SECONDS), "it fires before its fault"
    with contextmanager(fault)(scene):
        began = time.monotonic()
        assert wait_until(lambda: alert in prometheus.firing(), FIRES_SECONDS), prometheus.firing()
        figure(f"{alert} fires {time.monotonic() - began:.0f} s after its fault was planted: {fault.__name__}")


@pytest.mark.verify
@pytest.mark.parametrize("alert", FAULTS)
def test_the_fault_raises_its_alert(process: tuple[Scene, Prometheus], alert: str) -> None:
    plant(alert, FAULTS[alert], *process)


@pytest.mark.verify
@pytest.mark.parametrize("alert", FAULTS_OF_WORKERS)
def test_the_fault_of_workers_raises_its_alert(supervisor: tuple[Scene, Prometheus], alert: str) -> None:
    plant(alert, FAULTS_OF_WORKERS[alert], *supervisor)


def test_every_alert_has_a_fault() -> None:
    (group,) = yaml.safe_load(RULES.read_text())["groups"]
    assert {rule["alert"] for rule in group["rules"]} == {*FAULTS, *FAULTS_OF_WORKERS}
