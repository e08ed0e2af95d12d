"""A site whose user of Redis has the rights that docs/scaling.md names: each part does its work, and Redis refuses it
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.rig import servers
from tests.rig.redis_cluster import RedisCluster
from tests.rig.redis_user import RedisUser
from tests.rig.rest import Person, channel
from tests.rig.site import Site, Sites
from tests.scenarios.conftest import MakeClient, meet
from tests.scenarios.timing import POLL_SECONDS, wait_for_push
from tidewire.checks import redis_commands

pytestmark = [
    pytest.mark.verify,
    pytest.mark.parametrize("sdk", ["py"], indirect=True),
    pytest.mark.only_size("grown"),
]


@pytest.fixture(scope="module", params=["single", "cluster"])
def user(request: pytest.FixtureRequest) -> Iterator[RedisUser]:
    if request.param == "cluster":
        cluster: RedisCluster = request.getfixturevalue("redis_cluster")
        user = RedisUser(cluster.nodes, cluster.url, redis_commands.CLUSTER_RULE)
        yield user
        user.remove()
        return
    server = servers.start_redis()
    yield RedisUser([server], server.url, redis_commands.RULE)
    server.stop()


@pytest.fixture(scope="module")
def module_site(size: str, sites: Sites, user: RedisUser) -> Iterator[Site]:
    limits = {"REQUESTS_PER_USER": "100000", "REQUESTS_PER_ADDRESS": "100000"}
    site = sites.make(size, settings={"POLL_SECONDS": str(POLL_SECONDS), **limits})
    site.environment["REDIS_URL"] = user.allow(user.rule)
    site.start()
    yield site
    site.stop()
    site.check_logs()


def test_nothing_is_refused(site: Site, people: tuple[Person, ...], user: RedisUser, sdk: MakeClient) -> None:
    alice, bob, _ = people
    here, there = sdk(), sdk()
    here.connect(site.servers[0].ws_url, get_token=alice.fresh_token)
    there.connect(site.servers[1].ws_url, get_token=bob.fresh_token)
    for _ in range(4):  # several nodes of a cluster
        room = alice.make_room()
        alice.add(room, bob)
        meet(here, there, (alice, bob), room)
        wait_for_push(there, alice, room)
        assert here.presence_stats(channel(room)) == (2, 2)
    site.manage("check", "--deploy", "--tag", "tidewire")
    assert user.denied() == set()
