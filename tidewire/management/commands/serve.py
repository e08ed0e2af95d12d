"""`manage.py serve`: the production server. See tidewire/serve/."""

from __future__ import annotations

import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from tidewire.ground.conf import conf
from tidewire.serve import listening


class Command(BaseCommand):
    help = "Serves REST and sockets: daphne, with drain, caps and pre-framed fan-out."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on (127.0.0.1)")
        parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
        parser.add_argument(
            "--workers",
            type=int,
            default=int(os.environ.get("WEB_CONCURRENCY") or 1),
            help="processes that share the port (WEB_CONCURRENCY, or 1)",
        )
        parser.add_argument("--fd", type=int, help="listen on this open descriptor, from systemd or Supervisor")
        parser.add_argument("--line", type=int, help="for workers: the line to the supervisor")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["line"] is not None:
            self._work(options)
        elif options["workers"] > 1:
            self._supervise(options)
        else:
            self._work(options)

    def _work(self, options: dict[str, Any]) -> None:
        from tidewire.serve import worker  # and with it daphne, which a supervisor has no use for

        line = socket.socket(fileno=options["line"]) if options["line"] is not None else None
        worker.run(self._listen(options), line)

    def _supervise(self, options: dict[str, Any]) -> None:
        from tidewire.serve.supervisor import Supervisor, worker_command  # for more than one process only

        self._require_shared_stores(options["workers"])
        command = worker_command([sys.argv[0]])
        supervisor = Supervisor(self._listen(options), options["workers"], command, conf.DRAIN_SECONDS)
        sys.exit(supervisor.run())

    def _listen(self, options: dict[str, Any]) -> socket.socket:
        fd = options["fd"] if options["fd"] is not None else listening.handed_down()
        try:
            return listening.bind(options["bind"], options["port"]) if fd is None else listening.adopt(fd)
        except OSError as error:
            where = f"{options['bind']}:{options['port']}" if fd is None else f"descriptor {fd}"
            raise CommandError(f"cannot listen on {where}: {error}") from None

    @staticmethod
    def _require_shared_stores(workers: int) -> None:
        """What one process keeps to itself cannot serve several."""
        if settings.CHANNEL_LAYERS["default"]["BACKEND"].endswith("InMemoryChannelLayer"):
            raise CommandError(f"{workers} workers need a channel layer that they share: set REDIS_URL.")
        if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
            raise CommandError(f"{workers} workers need a database server: set DATABASE_URL.")
