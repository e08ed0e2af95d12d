from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from tidewire.diagnosis.arguments import ANY_PORT
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = (
        "Serves an open namespace for the test suites of the protocol's public SDKs, with a temporary database. "
        "Any client may read and write: not for production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=ANY_PORT, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--insecure-api", action="store_true", help="The server's API asks for no key.")

    def handle(self, *args: Any, port: int, host: str, insecure_api: bool, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The conformance server lets any client read and write. It does not run in production.")
        with tempfile.TemporaryDirectory(prefix="tidewire-conformance-") as folder:
            environment = os.environ | {
                "DJANGO_SETTINGS_MODULE": "tests.conformance.settings",
                "DATA_DIR": folder,
                "DATABASE_URL": "",
                "REDIS_URL": "",
                "CONFORMANCE_INSECURE_API": "1" if insecure_api else "",
            }
            migrate = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
            subprocess.run(migrate, cwd=settings.BASE_DIR, env=environment, check=True)
            self.stdout.write(
                f"Serving ws://{host}:{port}/connection/websocket for test suites, without authentication."
            )
            self.stdout.flush()
            serve = [sys.executable, "-m", "daphne", "-b", host, "-p", str(port), "tests.conformance.asgi:application"]
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the server ends with us
            server = subprocess.Popen(serve, cwd=settings.BASE_DIR, env=environment)
            try:
                sys.exit(server.wait())
            finally:
                server.terminate()
                server.wait()
