"""`manage.py serve`: the production server. tidewire/serve/__init__.py has a map of it."""

from __future__ import annotations

import socket
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.management.base import CommandError, SystemCheckError
from django.db import connections

from tidewire.diagnosis.arguments import ANY_PORT, whole, workers_wanted
from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf
from tidewire.log.database import log_alias
from tidewire.serve import file_limit, listening_socket, readiness, systemd
from tidewire.serve.file_limit import TooFewFilesError
from tidewire.serve.readiness import NotReadyError
from tidewire.serve.tls.certificates import Certificate, CertificateError


class Command(OurCommand):
    help = (
        "Serves REST and WebSockets. Limits connections, drains on SIGTERM, and with --workers runs several processes "
        "on one port, which SIGHUP replaces one by one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
        text = "the port to listen on, 0 for a free one (default: 8000)"
        parser.add_argument("--port", type=ANY_PORT, default=8000, help=text)
        parser.add_argument(
            "--workers",
            type=whole(1),
            help="how many processes share the port (default: WEB_CONCURRENCY, or 1)",
        )
        parser.add_argument("--fd", type=whole(), help="listen on this inherited descriptor, as Supervisor passes it")
        parser.add_argument("--tls-cert", type=Path, help="serve TLS with this certificate and its chain, in PEM")
        parser.add_argument("--tls-key", type=Path, help="the certificate's private key, in PEM and without a password")
        parser.add_argument(
            "--tls-dev",
            action="store_true",
            help="serve TLS with a certificate for this machine alone, which is made in DATA_DIR; for development",
        )
        parser.add_argument(
            "--successor",
            action="store_true",
            help="for workers only: end when migrations are missing, and accept no connection before",
        )
        parser.add_argument(
            "--supervisor-fd", type=whole(), help="for workers only: the pipe to the process that started them"
        )

    def get_check_kwargs(self, options: dict[str, Any]) -> dict[Any, Any]:
        """Lets the start-up checks look at the database of the log, too."""
        return {**super().get_check_kwargs(options), "databases": [log_alias()]}

    def handle(self, *args: Any, **options: Any) -> None:
        options["workers"] = workers_wanted(options["workers"])
        if options["workers"] > 1 and options["supervisor_fd"] is None:
            self._supervise(options)
        else:
            self._work(options)

    def _work(self, options: dict[str, Any]) -> None:
        from tidewire.serve import worker  # imports daphne and Twisted, which a supervisor does not need

        certificate = self._certificate(options)
        fd = options["supervisor_fd"]
        supervisor = socket.socket(fileno=fd) if fd is not None else None
        try:
            if supervisor is not None and options["successor"]:
                readiness.require_migrations(supervisor)
            worker.run(self._listen(options), supervisor, self._is_own_port(options), certificate, options["successor"])
        except (NotReadyError, TooFewFilesError, CertificateError) as error:
            raise CommandError(str(error)) from None

    def _supervise(self, options: dict[str, Any]) -> None:
        from tidewire.serve.supervisor import EndTimes, Supervisor, worker_command  # for more than one process only

        self._require_shared_stores(options["workers"])
        self._require_files()
        self._require_redis()
        certificate = self._certificate(options)
        getattr(connections[log_alias()], "close_pool", lambda: None)()  # the checks opened it; only workers need one
        supervisor = Supervisor(
            self._listen(options),
            options["workers"],
            worker_command(sys.argv[0], certificate.arguments() if certificate else ()),
            EndTimes(conf.LAME_DUCK_SECONDS, conf.DRAIN_SECONDS),
            self._is_own_port(options),
        )
        sys.exit(supervisor.run())

    @staticmethod
    def _require_redis() -> None:
        """Refuses to start workers on a Redis that cannot do what is asked of it."""
        from tidewire.checks.redis_servers import check_redis  # for more than one process only

        errors = [problem for problem in check_redis(None) if problem.level >= checks.ERROR]
        if errors:
            raise SystemCheckError("Tidewire does not start:\n" + "\n".join(map(str, errors)))

    @staticmethod
    def _require_files() -> None:
        """Refuses to start workers that would all refuse to start."""
        try:
            file_limit.places_of_settings()
        except TooFewFilesError as error:
            raise CommandError(str(error)) from None

    @staticmethod
    def _certificate(options: dict[str, Any]) -> Certificate | None:
        """Returns the certificate to serve with, after a look whether it can be used; None for no TLS."""
        chain, key = options["tls_cert"], options["tls_key"]
        if options["tls_dev"]:
            if chain or key:
                raise CommandError("--tls-dev makes a certificate of its own: leave out --tls-cert and --tls-key.")
            return _development_certificate()
        if not chain and not key:
            return None
        if not chain or not key:
            raise CommandError("TLS needs both --tls-cert and --tls-key.")
        certificate = Certificate(chain.absolute(), key.absolute())
        try:
            certificate.context()
        except CertificateError as error:
            raise CommandError(str(error)) from None
        return certificate

    def _listen(self, options: dict[str, Any]) -> socket.socket:
        fd = options["fd"] if options["fd"] is not None else systemd.listen_fd()
        try:
            if fd is not None:
                return listening_socket.adopt(fd)
            return listening_socket.bind(options["bind"], options["port"])
        except OSError as error:
            where = f"{options['bind']}:{options['port']}" if fd is None else f"descriptor {fd}"
            raise CommandError(f"cannot listen on {where}: {error}") from None

    @staticmethod
    def _is_own_port(options: dict[str, Any]) -> bool:
        """Returns whether no other program holds the listening socket."""
        return options["fd"] is None and systemd.listen_fd() is None

    @staticmethod
    def _require_shared_stores(workers: int) -> None:
        """Refuses several processes on stores that live in one process or in one file."""
        if settings.CHANNEL_LAYERS["default"]["BACKEND"].endswith("InMemoryChannelLayer"):
            raise CommandError(f"{workers} workers need a channel layer that they share: set REDIS_URL.")
        if connections[log_alias()].vendor == "sqlite":
            raise CommandError(f"{workers} workers need a database server: set DATABASE_URL.")


def _development_certificate() -> Certificate:
    from tidewire.serve.tls import development  # for development only

    folder = Path(getattr(settings, "DATA_DIR", "."))
    try:
        return development.certificate(folder)
    except OSError as error:
        raise CommandError(f"The development certificate cannot be written to {folder}: {error.strerror}.") from None
