"""2,000 sockets come back at once, each with a position: all recover, in bounded time and with bounded queries."""

import time

import psycopg
import pytest

from tests.rig.rest import channel
from tests.rig.site import Site
from tests.rig.verify import figure
from tests.scenarios.conftest import People
from tests.scenarios.crowds import crowd_tokens
from tests.soak.crowd import Crowd, tidewire

SOCKETS = 2000
MISSED = 50
PER_USER = 10
SECONDS = 60.0
IDLE_SECONDS = 5.0

pytestmark = [pytest.mark.verify, pytest.mark.only_size("grown"), pytest.mark.site(processes=2)]


class Transactions:
    """Counts the transactions that the database commits. In autocommit mode each is one query."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(url, autocommit=True)
        self._began = self._count()

    def since(self) -> int:
        time.sleep(1.2)  # the server's statistics are late by about a second
        return self._count() - self._began

    def close(self) -> None:
        self._connection.close()

    def _count(self) -> int:
        self._connection.execute("SELECT pg_stat_clear_snapshot()")
        query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        row = self._connection.execute(query).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture
def transactions(site: Site):
    counter = []

    def start() -> Transactions:
        counter.append(Transactions(site.environment["DATABASE_URL"]))
        return counter[-1]

    yield start
    for each in counter:
        each.close()


def test_a_storm_of_sockets_recovers(site: Site, people: People, transactions) -> None:
    alice, *_ = people
    room = alice.make_room(kind="public")
    crowd = Crowd(
        [server.port for server in site.servers],
        crowd_tokens(site, SOCKETS // PER_USER),
        SOCKETS,
        tidewire(channel(room)),
    )
    one = Crowd([site.server.port], crowd_tokens_of(crowd), 1, tidewire(channel(room)))
    try:
        for each in (crowd, one):
            each.come(spread=SOCKETS / 200)
            each.wait(lambda each=each: each.ready == len(each.members), SECONDS)
            each.go()
        for number in range(MISSED):
            alice.say(room, f"missed by all {number}")

        one.come()
        alone = one.wait(lambda: one.ready == 1, SECONDS)
        idle = transactions()
        time.sleep(IDLE_SECONDS)
        per_second = idle.since() / (IDLE_SECONDS + 1.2)
        counter, began = transactions(), time.monotonic()
        before = crowd.failures
        crowd.come()
        took = crowd.wait(lambda: crowd.ready == SOCKETS, SECONDS)
        queries = max(0.0, counter.since() - per_second * (time.monotonic() - began))

        assert all(member.is_recovered for member in crowd.members)
        assert all(member.gaps == 0 for member in crowd.members)
        head = alice.messages(room)[1]["offset"]
        assert {member.last_offset for member in crowd.members} == {head}
        figure(
            f"{SOCKETS} sockets came back at once, {MISSED} events missed by each: all recovered after {took:.1f} s "
            f"({SOCKETS / took:.0f}/s, {crowd.failures - before} handshakes refused or cut); one alone took "
            f"{alone * 1000:.0f} ms; {queries:.0f} queries, {queries / SOCKETS:.2f} per socket"
        )
        assert queries <= 4 * SOCKETS + 200
    finally:
        crowd.go()
        one.go()


def crowd_tokens_of(crowd: Crowd) -> list[str]:
    return [crowd.members[0].token]
