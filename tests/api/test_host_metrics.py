"""manage.py push_host_metrics, against the API in this process."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from api.management.commands import push_host_metrics
from api.management.host_metrics import METRICS, Host
from api.models import Metric, Sample
from tests.api.conftest import at
from tests.api.test_keys import Program, make_key
from tests.factories import make_dashboard

pytestmark = pytest.mark.shown_on("sqlite")


class Ours:
    """push_host_metrics.Api, without a socket."""

    def __init__(self, url: str, key: str) -> None:
        self.program = Program({"id": "", "key": key, "user": {"id": ""}})

    def call(self, method: str, path: str, body=None):
        response = self.program.generic(method, f"/api/v1/{path}") if body is None else self._send(method, path, body)
        if response.status_code >= 400:
            raise push_host_metrics.RefusedError(response.content.decode())
        return response.json()

    def _send(self, method: str, path: str, body):
        return getattr(self.program, method.lower())(f"/api/v1/{path}", body)


@pytest.fixture(autouse=True)
def _ours(monkeypatch):
    monkeypatch.setattr(push_host_metrics, "Api", Ours)


def push(dashboard, key: str, count: int = 1) -> None:
    call_command("push_host_metrics", dashboard=str(dashboard.pk), key=key, count=count, seconds=0.01)


def test_it_makes_its_metrics_and_pushes_to_them(alice):
    dashboard = make_dashboard(alice.user)
    push(dashboard, make_key(alice, "metrics:read", "metrics:write", "samples:write").text, count=2)
    assert set(Metric.objects.values_list("key", flat=True)) == set(METRICS)
    assert Sample.objects.count() == 2 * len(METRICS)
    latest = {m["key"]: m["latest"]["value"] for m in alice.get(at("dashboards", dashboard.pk)).json()["metrics"]}
    assert 0 < latest["memory"] <= 100
    assert 0 <= latest["cpu"] <= 100


def test_a_forbidden_request_ends_the_command(alice):
    with pytest.raises(CommandError, match="insufficient_scope"):
        push(make_dashboard(alice.user), make_key(alice, "samples:read").text)


@pytest.mark.parametrize("options", [{}, {"dashboard": "x"}, {"demo": True}])
def test_it_names_the_missing_option(settings, tmp_path, options):
    settings.DATA_DIR = tmp_path
    with pytest.raises(CommandError):
        call_command("push_host_metrics", count=1, **options)


def test_rates_are_those_since_it_was_asked_last(monkeypatch):
    times, counts = iter([0.0, 2.0]), iter([(1000, 0), (5000, 8000)])

    class Counters:
        def __init__(self) -> None:
            self.bytes_recv, self.bytes_sent = next(counts)

    monkeypatch.setattr("psutil.net_io_counters", Counters)
    measured = Host(clock=lambda: next(times)).measure()
    assert (measured["net_in"], measured["net_out"]) == (2.0, 4.0)
    assert set(measured) == set(METRICS)
