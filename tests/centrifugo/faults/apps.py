"""Puts the faults in place when Django starts.

They replace functions of the relay by name. A function that moved would leave its fault without effect, so a test fails
unless the relay was killed.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from django.apps import AppConfig

from tests.centrifugo.faults import FAULT, NODES_CALLED, ONE_NODE_CALLED, POSITION_STORED, ROWS_COPIED


class FaultsConfig(AppConfig):
    name = "tests.centrifugo.faults"
    label = "faults"

    def ready(self) -> None:
        from tidewire.centrifugo import broker_tables, relay
        from tidewire.centrifugo.nodes import Nodes

        call, call_all, append, turn = Nodes._call, Nodes._call_all, broker_tables.append, relay.Relay.turn

        def call_or_die(nodes: Nodes, address: str, body: bytes) -> None:
            if _is_at(ONE_NODE_CALLED):
                if address != nodes.addresses[0]:
                    threading.Event().wait()  # until the process is killed
                call(nodes, address, body)
                _die()
            call(nodes, address, body)

        def call_all_or_die(nodes: Nodes, commands: list[dict[str, Any]]) -> None:
            call_all(nodes, commands)
            if commands and _is_at(NODES_CALLED):
                _die()

        def append_or_die(copied: Any, using: str) -> None:
            append(copied, using)
            if copied and _is_at(ROWS_COPIED):
                _die()

        def turn_or_die(self: relay.Relay) -> int:
            done = turn(self)
            if done and _is_at(POSITION_STORED):
                _die()
            return done

        Nodes._call, Nodes._call_all = call_or_die, call_all_or_die
        broker_tables.append, relay.Relay.turn = append_or_die, turn_or_die


def _fault() -> Path:
    return Path(os.environ[FAULT])


def _is_at(place: str) -> bool:
    return _fault().exists() and _fault().read_text() == place


def _die() -> None:
    _fault().unlink()
    os.kill(os.getpid(), signal.SIGKILL)
