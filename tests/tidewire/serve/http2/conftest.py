"""One server for all tests of this folder that need no settings of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.rig.rest import Person
from tests.rig.site import Site, Sites
from tests.tidewire.serve.http2.encrypted import Encrypted

MakeEncrypted = Callable[..., Encrypted]


def _started(
    sites: Sites, arguments: tuple[str, ...], settings: dict[str, str], certificate: Path | None = None
) -> tuple[Site, Encrypted]:
    site = sites.make("embedded", settings=settings)
    server = Encrypted(site.environment, site.folder / "served.log", *arguments, certificate=certificate)
    site.servers = [server]
    site.start()
    return site, server


@pytest.fixture(scope="package")
def site(sites: Sites) -> Iterator[Site]:
    """A site, encrypted. One account may open as many responses as one connection has streams, and more; all other
    settings are the defaults. Its log must hold no traceback."""
    site, _ = _started(sites, (), {"MAX_CONNECTIONS_PER_USER": "200"})
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="package")
def served(site: Site) -> Encrypted:
    assert isinstance(site.server, Encrypted)
    return site.server


@pytest.fixture(scope="package")
def alice(served: Encrypted) -> Iterator[Person]:
    person = served.person("alice")
    yield person
    person.close()


@pytest.fixture(scope="module")
def make_encrypted(sites: Sites) -> Iterator[MakeEncrypted]:
    """`make_encrypted(*arguments, **settings)` starts another one, until the end of the module."""
    made: list[Site] = []

    def make(*arguments: str, certificate: Path | None = None, **settings: str) -> Encrypted:
        site, server = _started(sites, arguments, settings, certificate)
        made.append(site)
        return server

    yield make
    for site in made:
        site.stop()
        site.check_logs()
