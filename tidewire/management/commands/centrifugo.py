"""`manage.py centrifugo`: the relay to nodes of Centrifugo, and their configuration."""

from __future__ import annotations

import json
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from tidewire.centrifugo import broker, nodes
from tidewire.centrifugo.broker import UnknownBrokerError
from tidewire.centrifugo.configuration import Keys, configuration
from tidewire.centrifugo.relay import Relay
from tidewire.diagnosis import worker_commands
from tidewire.diagnosis.arguments import PORT, http_url
from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias


class Command(OurCommand):
    help = (
        "Copies the events of the log to nodes of Centrifugo, until SIGTERM; or with `config` writes the nodes' "
        "configuration. Any number of relays run and take turns; one that is killed loses nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="relay|config")
        relay = actions.add_parser("relay", help="copy events until SIGTERM")
        worker_commands.add_port(relay)
        config = actions.add_parser("config", help="write the configuration of a node to standard output, as JSON")
        config.add_argument(
            "--django", required=True, type=http_url, metavar="URL", help="where nodes reach this application"
        )
        config.add_argument(
            "--database", metavar="DSN", help="where nodes reach its PostgreSQL, if not where this application does"
        )
        config.add_argument("--port", type=PORT, default=8001, help="the node's own port (8001)")

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [n for n in ("CENTRIFUGO_NODES", "CENTRIFUGO_API_KEY", "CENTRIFUGO_SECRET") if not getattr(conf, n)]
        if missing:
            raise CommandError(f"these settings are empty: {', '.join(missing)}; see docs/centrifugo.md")
        try:
            if options["action"] == "config":
                self.write_config(options)
            else:
                self.run_relay(options)
        except UnknownBrokerError as error:
            raise CommandError(str(error)) from None

    def write_config(self, options: dict[str, Any]) -> None:
        previous = settings.JWT_SIGNING_KEY_FALLBACKS[:1]
        keys = Keys(settings.SIMPLE_JWT["SIGNING_KEY"], *previous, until=settings.JWT_FALLBACKS_UNTIL)
        database = options["database"] or broker.address(log_alias())
        found = configuration(options["django"], database, keys, options["port"])
        self.stdout.write(json.dumps(found, indent=2))

    def run_relay(self, options: dict[str, Any]) -> None:
        relay = Relay(nodes.configured())
        worker_commands.listen(options, lambda: relay.is_alive)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        self.stdout.write("Copying events to Centrifugo.")
        self.stdout.flush()
        relay.run()
