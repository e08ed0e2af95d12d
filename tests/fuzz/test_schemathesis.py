"""schemathesis over the whole of openapi.yaml, with links, as each kind of user: every answer is a described one.

`make test` has a short run, the same every time. `make verify` takes another seed each time (SEED=… repeats one) and
goes on until there were twenty thousand cases. docs/fuzz-report.md has the result of one run.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz.runs import Run, prepare, run
from tests.rig import servers
from tests.rig.rest import channel
from tests.rig.site import Site, Sites
from tests.rig.verify import IS_VERIFY, figure

CASES = 20_000
PEOPLE = ("anonymous", "member", "stranger", "key with one scope")
SHORT = {"anonymous": "examples,fuzzing", "member": "examples,fuzzing,stateful"}
ALL = "examples,coverage,fuzzing,stateful"


@pytest.fixture(scope="module")
def folder() -> Path:
    return servers.temporary_folder("fuzz")


@pytest.fixture(scope="module")
def site(sites: Sites) -> Iterator[Site]:
    settings = {"ACCESS_TOKEN_SECONDS": "86400", "LOG_LEVEL": "ERROR"}
    settings |= {"RESPONSE_SECONDS": "0.2", "LONG_POLL_SECONDS": "0.2"}  # a run waits for the end of each response
    site = sites.make("embedded", settings=settings)
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def world(site: Site, folder: Path) -> tuple[dict[str, str], Path]:
    """Makes a room of Alice's with Bob in it. Returns ({user: credential}, the path of the document)."""
    alice, bob, charlie = site.people("alice", "bob", "charlie")
    room = alice.make_room()
    alice.add(room, bob)
    message = bob.say(room, "Ahoy")
    names = {"room_id": room, "message_id": message["id"], "user_id": bob.id, "name": channel(room)}
    key = bob.post("keys/", {"name": "Robot", "scopes": ["messages:write"]})["key"]
    return dict(zip(PEOPLE, ("", bob.access, charlie.access, key), strict=True)), prepare(folder, names)


def check(found: Run) -> None:
    assert found.problems == [], found.output[-6000:]


@pytest.mark.skipif(IS_VERIFY, reason="there is a longer one")
@pytest.mark.parametrize("user", SHORT)
def test_nothing_unexpected_is_answered(site: Site, world: tuple[dict[str, str], Path], user: str) -> None:
    credentials, document = world
    found = run(site, user, credentials[user], document, examples=2, phases=SHORT[user])
    check(found)
    assert found.cases > 50


@pytest.mark.verify
def test_twenty_thousand_cases(site: Site, world: tuple[dict[str, str], Path]) -> None:
    credentials, document = world
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**6))
    runs: list[Run] = []
    while sum(found.cases for found in runs) < CASES:
        for user in PEOPLE:
            runs.append(run(site, user, credentials[user], document, examples=50, phases=ALL, seed=seed))
            last = runs[-1]
            figure(f"{user}, seed {seed}: {last.cases} cases in {last.seconds:.0f} s, {len(last.problems)} failures")
            check(runs[-1])
        seed += 1
    figure(f"{sum(found.cases for found in runs)} cases")
