"""The members of a room who all come back after a restart share what is read for them."""

from __future__ import annotations

import pytest

from bench import members
from bench.members import Hall, Visit, Visits
from tests.rig.site import Site

MEMBERS, TOGETHER = 100, 50

pytestmark = pytest.mark.site(processes=1)


@pytest.mark.only_size("grown")
def test_members_who_come_back_cost_two_queries_each(site: Site):
    """Each connects, subscribes, recovers 20 events and reads the newest page."""
    hall = Hall.read(site.shell(members.SETUP % (MEMBERS, members.PAGE)))

    def come_back() -> Visits:
        visits = members.visit(site.server.port, hall, MEMBERS, Visit(recovers=True, reads=True), TOGETHER)
        visits.leave()
        return visits

    assert come_back().errors == []  # opens the database connections
    if site.postgresql is None or site.postgresql.log is None:
        return  # the statements of a named server are not to be seen
    with site.postgresql.statements() as statements:
        assert come_back().errors == []
    asked = [each for each in statements if hall.room.replace("-", "") in each.replace("-", "")]
    assert MEMBERS < len(asked) <= 2 * MEMBERS
