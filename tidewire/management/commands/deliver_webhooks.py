"""`manage.py deliver_webhooks`: a worker that sends events to the endpoints of webhooks."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

PARENT_SECONDS = 1.0


class Command(BaseCommand):
    help = (
        "Delivers webhooks until SIGTERM, which lets the attempts under way end. Any number of these run, on any "
        "number of machines; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parent", type=int, metavar="PID", help="end when this process, which started it, ends")
        parser.add_argument("--metrics-port", type=int, help="serve the worker's metrics on this port of 127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tidewire.webhooks.worker import Worker  # needs the extra `webhooks`
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}; install tidewire[webhooks]") from None
        if options["metrics_port"]:
            from prometheus_client import start_http_server  # only where it is asked for

            start_http_server(options["metrics_port"], addr="127.0.0.1")
        self.stdout.write("Delivering webhooks.")
        self.stdout.flush()
        asyncio.run(_work(Worker, options["parent"]))


async def _work(worker_class: Any, parent: int | None) -> None:
    worker = worker_class()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    watch = asyncio.create_task(_follow_parent(worker, parent)) if parent else None
    await worker.run()
    if watch is not None:
        watch.cancel()


async def _follow_parent(worker: Any, parent: int) -> None:
    """Stops the worker when its parent is another process than this one, also if that one ended before it began."""
    while os.getppid() == parent:  # noqa: ASYNC110  no event tells of the end of a parent
        await asyncio.sleep(PARENT_SECONDS)
    worker.stop()
