"""`manage.py deliver_webhooks`: a worker that sends events to the endpoints of webhooks."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tidewire.diagnosis.arguments import PORT, PROCESS
from tidewire.diagnosis.commands import OurCommand
from tidewire.http import worker_port

PARENT_SECONDS = 1.0


class Command(OurCommand):
    help = (
        "Delivers webhooks until SIGTERM, which lets the attempts under way end. Any number of these run, on any "
        "number of machines; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--parent", type=PROCESS, metavar="PID", help="end when this process, which started it, ends"
        )
        parser.add_argument(
            "--metrics-port", type=PORT, metavar="PORT", help="answer /metrics and /healthz of the worker on this port"
        )
        parser.add_argument(
            "--metrics-bind",
            default="127.0.0.1",
            metavar="ADDRESS",
            help="the address of that port; from another machine, /metrics wants METRICS_TOKEN (default: 127.0.0.1)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tidewire.webhooks.worker import Worker  # needs the extra `webhooks`
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}; install tidewire[webhooks]") from None
        asyncio.run(self._work(Worker(), options))

    async def _work(self, worker: Any, options: dict[str, Any]) -> None:
        if options["metrics_port"]:
            try:
                worker_port.start(options["metrics_bind"], options["metrics_port"], lambda: worker.is_alive)
            except OSError as error:
                place = f"{options['metrics_bind']}:{options['metrics_port']}"
                raise CommandError(f"cannot listen on {place}: {error.strerror or error}") from None
        self.stdout.write("Delivering webhooks.")
        self.stdout.flush()
        await _deliver(worker, options["parent"])


async def _deliver(worker: Any, parent: int | None) -> None:
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
