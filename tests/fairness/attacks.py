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

from tests.fairness.stage import Target


@dataclass(frozen=True)
class Attack:
    """One attack: `run` attacks a target for a number of seconds."""

    name: str
    run: Callable[[Target, float], Any]
    sizes: tuple[str, ...] = ("embedded", "grown")
    fronts: tuple[str, ...] = ("serve", "nginx")


def start(attack: Attack, target: Target, seconds: float) -> SpawnProcess:
    """Starts an attack in a process of its own, which leaves the processor to the server and the victim first."""
    process = get_context("spawn").Process(target=_run, args=(attack.name, target, seconds))
    process.start()
    return process


def _run(name: str, target: Target, seconds: float) -> None:
    os.nice(10)
    next(attack for attack in ATTACKS if attack.name == name).run(target, seconds)


def documents(target: Target, seconds: float) -> None:
    """Asks for the API's documents on thirty connections."""
    requests(target, ["/api/schema/", "/api/asyncapi/", "/api/docs/"], seconds, connections=30)


def requests(target: Target, paths: list[str], seconds: float, connections: int) -> None:
    """Sends GET requests one after the other on each of so many connections."""
    deadline = time.monotonic() + seconds

    def ask() -> None:
        headers = {"X-Forwarded-For": target.address}
        with httpx.Client(base_url=target.url, headers=headers, timeout=10, trust_env=False) as http:
            for path in itertools.cycle(paths):
                if time.monotonic() > deadline:
                    return
                with contextlib.suppress(httpx.TransportError):
                    http.get(path)

    with ThreadPoolExecutor(connections) as together:
        for _ in range(connections):
            together.submit(ask)


ATTACKS = (Attack("documents on 30 connections", documents),)
