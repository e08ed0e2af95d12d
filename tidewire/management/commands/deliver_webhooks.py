"""`manage.py deliver_webhooks`: a worker that sends events to the endpoints of webhooks."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tidewire.diagnosis import worker_commands
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = (
        "Delivers webhooks until SIGTERM, which lets the attempts under way end. Any number of these run, on any "
        "number of machines; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        worker_commands.add_parent(parser)
        worker_commands.add_port(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tidewire.webhooks.worker import Worker  # needs the extra `webhooks`
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}; install tidewire[webhooks]") from None
        asyncio.run(self._work(Worker(), options))

    async def _work(self, worker: Any, options: dict[str, Any]) -> None:
        worker_commands.listen(options, lambda: worker.is_alive)
        self.stdout.write("Delivering webhooks.")
        self.stdout.flush()
        await worker_commands.work(worker, options["parent"])
