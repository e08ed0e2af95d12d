"""Workers answer on a port of their own, all by the same rule."""

from __future__ import annotations

import re
import socket
import time

import pytest
from django.core.management import CommandError, call_command

from tests.rig.site import ROOT
from tests.tidewire.diagnosis.test_commands import actions_of, all_commands
from tidewire.centrifugo import nodes, relay
from tidewire.centrifugo.relay import Relay

WORKERS = {
    "deliver_webhooks": ["deliver_webhooks"],
    "mqtt_bridge": ["mqtt_bridge"],
    "centrifugo": ["centrifugo", "relay"],
}


def test_every_worker_with_a_port_has_the_one_that_asks_for_the_token():
    found = set()
    for name, command in all_commands().items():
        options = {action.dest: action for action in actions_of(command.create_parser("manage.py", name))}
        if "metrics_port" in options:
            found.add(name)
            assert options["metrics_bind"].default == "127.0.0.1"
            assert "METRICS_TOKEN" in (options["metrics_bind"].help or "")
    assert found == set(WORKERS)


def test_no_other_server_shows_the_metrics():
    """prometheus_client has one that shows them to all."""
    sources = [path.read_text() for tree in ("tidewire", "api", "realtime") for path in (ROOT / tree).rglob("*.py")]
    assert not any(re.search(r"start_http_server|start_wsgi_server|make_asgi_app", text) for text in sources)


@pytest.mark.parametrize("name", WORKERS)
def test_a_port_that_is_taken_is_an_error_of_one_line(name, settings):
    more = {"CENTRIFUGO_NODES": ["http://127.0.0.1:1"], "CENTRIFUGO_API_KEY": "key", "CENTRIFUGO_SECRET": "secret"}
    settings.TIDEWIRE = {**settings.TIDEWIRE, **more}
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"cannot listen on 127.0.0.1:{number}: Address already in use"):
            call_command(*WORKERS[name], "--metrics-port", str(number))
    with pytest.raises(CommandError):
        call_command(*WORKERS[name], "--metrics-port", "70000")


def test_a_relay_that_does_not_turn_is_not_alive():
    found = Relay(nodes.configured())
    assert found.is_alive
    found._turned_at = time.monotonic() - relay.STUCK_SECONDS
    assert not found.is_alive
