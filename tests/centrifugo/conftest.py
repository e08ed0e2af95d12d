"""A grown site with two nodes of Centrifugo in front, which the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.centrifugo import edge as edges
from tests.centrifugo.edge import Edge
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import Sites
from tests.sdk.agents import AGENTS, SdkClient


@pytest.fixture(scope="session")
def edge(sites: Sites) -> Iterator[Edge]:
    ports = [servers.free_port(), servers.free_port()]
    site = sites.make("grown", processes=1, settings=edges.settings(ports))
    site.start()
    edge = Edge(site, ports)
    edge.start()
    yield edge
    edge.stop()
    site.stop()
    site.check_logs()


@pytest.fixture(scope="session")
def people(edge: Edge) -> tuple[Person, ...]:
    return edge.site.people("alice", "bob", "charlie")


@pytest.fixture(params=sorted(AGENTS))
def client(request: pytest.FixtureRequest) -> Iterator[SdkClient]:
    """A client of each SDK, in each encoding."""
    made = AGENTS[request.param]()
    yield made
    made.close()


@pytest.fixture
def room(people: tuple[Person, ...]) -> str:
    """Alice's and Bob's room. Their tokens are fresh, and so is Charlie's."""
    alice, bob, _ = people
    for person in people:
        person.fresh_token()
    room = alice.make_room()
    alice.add(room, bob)
    return room
