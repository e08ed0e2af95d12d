"""What the commands of workers have in common: `deliver_webhooks`, `mqtt_bridge`, `centrifugo relay`."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from django.core.management.base import CommandError

from tidewire.diagnosis.arguments import PORT, PROCESS
from tidewire.http import worker_port

PARENT_SECONDS = 1.0


class Worker(Protocol):
    """Works in an event loop until it is stopped."""

    async def run(self) -> None: ...

    def stop(self) -> None: ...


def add_port(parser: ArgumentParser) -> None:
    """Adds the arguments that `listen` reads."""
    parser.add_argument(
        "--metrics-port", type=PORT, metavar="PORT", help="answer /metrics and /healthz of the worker on this port"
    )
    parser.add_argument(
        "--metrics-bind",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address of that port; from another machine, /metrics wants METRICS_TOKEN (default: 127.0.0.1)",
    )


def add_parent(parser: ArgumentParser) -> None:
    parser.add_argument("--parent", type=PROCESS, metavar="PID", help="end when this process, which started it, ends")


def listen(options: Mapping[str, Any], is_alive: Callable[[], bool]) -> None:
    """Answers on the worker's port where the command line names one. Raises CommandError where the port is taken.

    `is_alive` is called from other threads.
    """
    host, port = options["metrics_bind"], options["metrics_port"]
    if not port:
        return
    try:
        worker_port.start(host, port, is_alive)
    except OSError as error:
        raise CommandError(f"cannot listen on {host}:{port}: {error.strerror or error}") from None


async def work(worker: Worker, parent: int | None) -> None:
    """Runs the worker until SIGTERM, or until the process `parent` has ended."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    following = asyncio.create_task(follow_parent(worker, parent)) if parent else None
    await worker.run()
    if following is not None:
        following.cancel()


async def follow_parent(worker: Worker, parent: int) -> None:
    """Stops the worker when its parent is another process than this one, also if that one ended before it began."""
    while os.getppid() == parent:  # noqa: ASYNC110  no event tells of the end of a parent
        await asyncio.sleep(PARENT_SECONDS)
    worker.stop()
