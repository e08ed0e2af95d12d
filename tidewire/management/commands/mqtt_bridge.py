"""`manage.py mqtt_bridge`: between a broker of MQTT and this application."""

from __future__ import annotations

import asyncio
import os
import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tidewire.diagnosis.arguments import PORT, PROCESS
from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf

PARENT_SECONDS = 1.0


class Command(OurCommand):
    help = (
        "Stores what devices publish to a broker of MQTT, and publishes events to it, until SIGTERM. One of these runs "
        "beside each broker; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--parent", type=PROCESS, metavar="PID", help="end when this process, which started it, ends"
        )
        parser.add_argument("--metrics-port", type=PORT, help="serve the bridge's metrics on this port of 127.0.0.1")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from tidewire.mqtt.bridge import Bridge  # needs the extra `mqtt`
        except ModuleNotFoundError as error:
            raise CommandError(f"{error}; install tidewire[mqtt]") from None
        if options["metrics_port"]:
            from prometheus_client import start_http_server  # only where it is asked for

            start_http_server(options["metrics_port"], addr="127.0.0.1")
        self.stdout.write(f"Bridging the broker at {conf.MQTT_HOST}:{conf.MQTT_PORT}.")
        self.stdout.flush()
        asyncio.run(_work(Bridge, options["parent"]))


async def _work(bridge_class: Any, parent: int | None) -> None:
    bridge = bridge_class()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, bridge.stop)
    following = asyncio.create_task(_follow_parent(bridge, parent)) if parent else None
    await bridge.run()
    if following is not None:
        following.cancel()


async def _follow_parent(bridge: Any, parent: int) -> None:
    """Stops the bridge when its parent is another process than this one, also if that one ended before it began."""
    while os.getppid() == parent:  # noqa: ASYNC110  no event tells of the end of a parent
        await asyncio.sleep(PARENT_SECONDS)
    bridge.stop()
