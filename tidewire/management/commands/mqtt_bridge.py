"""`manage.py mqtt_bridge`: between a broker of MQTT and this application."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tidewire.diagnosis import worker_commands
from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf


class Command(OurCommand):
    help = (
        "Stores what devices publish to a broker of MQTT, and publishes events to it, until SIGTERM. One of these runs "
        "beside each broker; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        worker_commands.add_parent(parser)
        worker_commands.add_port(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tidewire.mqtt.bridge import Bridge  # needs the extra `mqtt`
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}; install tidewire[mqtt]") from None
        asyncio.run(self._work(Bridge, options))

    async def _work(self, bridge_class: Any, options: dict[str, Any]) -> None:
        bridge = bridge_class()
        worker_commands.listen(options, lambda: bridge.is_alive)
        self.stdout.write(f"Bridging the broker at {conf.MQTT_HOST}:{conf.MQTT_PORT}.")
        self.stdout.flush()
        await worker_commands.work(bridge, options["parent"])
