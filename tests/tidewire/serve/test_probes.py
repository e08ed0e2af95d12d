"""Probes of a server in production mode, asked as orchestrators and monitors ask: by address, without TLS."""

from __future__ import annotations

import pytest

from tests.rig.site import Site
from tests.tidewire.serve.served import Served

TOKEN = "a-token-for-metrics"
PROXIED = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}


@pytest.fixture(scope="module")
def site(make_site) -> Site:
    return make_site(
        TIDEWIRE_MODE="production",
        SECRET_KEY="s" * 50,
        JWT_SIGNING_KEY="j" * 50,
        ALLOWED_HOSTS="chat.example.com",
        TRUSTED_PROXIES="1",
        METRICS_TOKEN=TOKEN,
        LAME_DUCK_SECONDS="0",
    )


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
@pytest.mark.parametrize("host", ["10.1.2.3:8000", "127.0.0.1", "tidewire", "[fd00::1]:8000"])
def test_they_answer_by_any_name_and_over_plain_http(served: Served, path: str, host: str) -> None:
    assert served.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (PROXIED, 404),
        (PROXIED | {"Authorization": f"Bearer {TOKEN}"}, 200),
        (PROXIED | {"Authorization": "Bearer x"}, 404),
    ],
)
def test_metrics_through_a_proxy_want_the_token(served: Served, headers: dict[str, str], status: int) -> None:
    assert served.get("/metrics", headers={"Host": "10.1.2.3", **headers}).status_code == status


def test_all_else_is_checked(served: Served) -> None:
    """So the probes are the exception, and not the rule."""
    assert served.get("/api/v1/rooms/", headers={"Host": "10.1.2.3", **PROXIED}).status_code == 400
    assert served.get("/api/v1/rooms/", headers={"Host": "chat.example.com"}).status_code == 301
