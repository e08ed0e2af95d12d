"""The attacks of the step: each uses one thing that a client may do to the full, in a process of its own."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import SpawnProcess
from typing import Any

import httpx

from tests.fairness import attackers_http, attackers_http2
from tests.fairness import attackers_socket as socket_attackers
from tests.fairness.attackers_accounts import ATTACKERS
from tests.fairness.attackers_work import ATTACKERS as WORK_ATTACKERS
from tests.fairness.stage import Target

BOTH = ("embedded", "grown")


@dataclass(frozen=True)
class Attack:
    """One attack: `run` attacks a target for a number of seconds. `sizes` and `fronts` are where it makes sense."""

    name: str
    run: Callable[[Target, float], Any]
    sizes: tuple[str, ...] = BOTH
    fronts: tuple[str, ...] = ("serve", "nginx")


def start(attack: Attack, target: Target, seconds: float) -> SpawnProcess:
    """Starts an attack in a process of its own, which leaves the processor to the server and the victim first."""
    process = get_context("spawn").Process(target=_run, args=(attack.name, target, seconds))
    process.start()
    return process


def _run(name: str, target: Target, seconds: float) -> None:
    os.nice(10)
    next(attack for attack in ATTACKS if attack.name == name).run(target, seconds)


# -- over HTTP ---------------------------------------------------------------------------------------------------------


def requests(
    target: Target, seconds: float, paths: list[str], connections: int, body: Any = None, is_signed: bool = True
) -> None:
    """Sends requests one after the other on each of so many connections: GET, or POST with a body."""
    deadline = time.monotonic() + seconds
    headers = {"X-Forwarded-For": target.address} | ({"Authorization": f"Bearer {target.token}"} if is_signed else {})

    def ask() -> None:
        with httpx.Client(base_url=target.url, headers=headers, timeout=30, trust_env=False) as http:
            for path in itertools.cycle(paths):
                if time.monotonic() > deadline:
                    return
                with contextlib.suppress(httpx.TransportError):
                    http.request("GET" if body is None else "POST", path, json=body)

    with ThreadPoolExecutor(connections) as together:
        for _ in range(connections):
            together.submit(ask)


def documents(target: Target, seconds: float) -> None:
    """Asks for the API's documents without a credential."""
    requests(target, seconds, ["/api/schema/", "/api/asyncapi/", "/api/docs/"], 30, is_signed=False)


def lists(target: Target, seconds: float) -> None:
    """Reads the largest pages that there are, on more connections than there are places for views."""
    paths = [f"/api/v1/rooms/{target.room}/messages/?limit=100", "/api/v1/rooms/?limit=100", "/api/v1/dashboards/"]
    requests(target, seconds, paths, 40)


def sign_ins(target: Target, seconds: float) -> None:
    """Guesses the password of an account that exists."""
    body = {"email": target.email, "password": "wrong horse battery staple"}
    requests(target, seconds, ["/api/v1/token/"], 20, body, is_signed=False)


def samples(target: Target, seconds: float) -> None:
    """Asks for the longest range of samples, in the smallest steps."""
    path = f"/api/v1/metrics/{target.metric}/samples/?from=2020-01-01T00:00:00Z&to=2026-12-31T00:00:00Z"
    requests(target, seconds, [path, f"{path}&step=3600"], 20)


# -- on sockets --------------------------------------------------------------------------------------------------------


def on_socket(run: Callable[..., Any], *needs: str) -> Callable[[Target, float], Any]:
    """Returns the attack of a function (host, port, seconds, …) that needs these values of the target."""
    return _OnSocket(run, needs)


@dataclass(frozen=True)
class _OnSocket:
    function: Callable[..., Any]
    needs: tuple[str, ...]

    def __call__(self, target: Target, seconds: float) -> Any:
        values = {"token": target.token, "stream": f"room:{target.room}"}
        headers = f"X-Forwarded-For: {target.address}\r\n"
        given = [values[name] for name in self.needs]
        return self.function(target.host, target.port, seconds, *given, headers=headers)


ON_CONNECTIONS = (
    attackers_http.pipeline_unread,
    attackers_http.leave_unread,
    attackers_http.drip_bodies,
    attackers_http.stay_idle,
    attackers_http.stay_silent,
    attackers_http.hammer_handshakes,
)

ATTACKS = (
    Attack("documents", documents),
    Attack("lists on 40 connections", lists),
    Attack("wrong passwords", sign_ins),
    Attack("ranges of samples", samples),
    *(Attack(f"connection: {run.__name__}", run) for run in ON_CONNECTIONS),
    *(Attack(f"HTTP/2: {run.__name__}", run, fronts=("tls",)) for run in attackers_http2.ATTACKERS),
    *(Attack(f"socket: {run.__name__}", on_socket(run)) for run in socket_attackers.UNIDENTIFIED),
    *(Attack(f"socket: {run.__name__}", on_socket(run, "token")) for run in socket_attackers.WITH_TOKEN),
    *(Attack(f"socket: {run.__name__}", on_socket(run, "token", "stream")) for run in socket_attackers.ON_A_STREAM),
    *(Attack(name, attacker) for name, attacker in (ATTACKERS | WORK_ATTACKERS).items()),
)
