"""Idle connections: the server waits longer than what stands in front of it."""

import re

from tests.rig.site import ROOT
from tidewire.ground.conf import DEFAULTS

BALANCER_SECONDS = 60  # when load balancers and nginx let go of an idle connection by default


def seconds(path: str, pattern: str) -> list[int]:
    return [int(found) for found in re.findall(pattern, (ROOT / path).read_text())]


def test_the_server_is_the_last_to_let_go() -> None:
    kept = DEFAULTS["KEEP_ALIVE_SECONDS"]

    assert kept > BALANCER_SECONDS
    assert [each < kept for each in seconds("deploy/nginx.conf", r"keepalive_timeout (\d+)s;")] == [True]
    assert [each < kept for each in seconds("deploy/Caddyfile", r"\tkeepalive (\d+)s\n")] == [True]
    assert [each > BALANCER_SECONDS for each in seconds("docs/operations.md", r"--timeout-keep-alive (\d+)")] == [True]
