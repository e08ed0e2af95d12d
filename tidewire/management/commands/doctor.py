"""`manage.py doctor`: looks for what is wrong with a set-up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from tidewire.diagnosis.arguments import http_url, whole, workers_wanted, zero_or_more
from tidewire.diagnosis.commands import TeachingCommand
from tidewire.diagnosis.doctor.examination import Options, examine
from tidewire.diagnosis.doctor.finding import ERROR, OK, WARNING
from tidewire.diagnosis.doctor.site import Site
from tidewire.serve.tls.certificates import Certificate

STATE = "doctor.json"


class Command(TeachingCommand):
    help = (
        "Looks at the settings, the database, Redis, this machine and, with --url, at the site as clients reach it. "
        "Says of each fault what to do, and ends with 1 when there is one. Run it with the environment and the user of "
        "the service. It writes nothing but the file of --state."
    )
    requires_system_checks = []
    examples = [
        ("", "what can be seen from here"),
        (
            "--url https://chat.example.com --workers 4",
            "also the proxies, the Origin check and sockets",
        ),
        ("--tls-cert /etc/ssl/chat.pem --tls-key /etc/ssl/chat.key", "also the certificate that `serve` has"),
        ("--quiet", "only what is wrong, for a timer"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", type=http_url, help="The address that clients use, such as https://chat.example.com."
        )
        parser.add_argument("--cafile", help="Trust these certificates for --url.")
        parser.add_argument("--tls-cert", type=Path, help="The certificate that `serve` has, in PEM.")
        parser.add_argument("--tls-key", type=Path, help="Its private key, in PEM.")
        parser.add_argument("--workers", type=whole(1), help="Processes on this database (WEB_CONCURRENCY, or 1).")
        parser.add_argument("--state", type=Path, help="Remembers the last events here (DATA_DIR/doctor.json).")
        parser.add_argument("--disk-gib", type=zero_or_more, default=1.0, help="So much must be free (1).")
        parser.add_argument("--quiet", action="store_true", help="Only warnings and errors.")

    def handle(self, *args: Any, url: str | None, workers: int | None, **options: Any) -> None:
        asked = Options(
            workers=workers_wanted(workers),
            site=Site(url.rstrip("/"), options["cafile"]) if url else None,
            state=options["state"] or _state_file(),
            least_gib=options["disk_gib"],
            certificate=_certificate(options["tls_cert"], options["tls_key"]),
        )
        styles = {OK: self.style.SUCCESS, WARNING: self.style.WARNING, ERROR: self.style.ERROR}
        counts = dict.fromkeys(styles, 0)
        for finding in examine(asked):
            counts[finding.level] += 1
            if finding.level == OK and options["quiet"]:
                continue
            self.stdout.write(f"{styles[finding.level](f'{finding.level:<8}')} {finding.subject}: {finding.text}")
            if finding.remedy:
                self.stdout.write(f"         → {finding.remedy}")
        if not options["quiet"]:
            self.stdout.write(f"{counts[ERROR]} errors, {counts[WARNING]} warnings, {counts[OK]} in order")
        if counts[ERROR]:
            sys.exit(1)


def _certificate(chain: Path | None, key: Path | None) -> Certificate | None:
    """Raises CommandError where one of both is missing."""
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise CommandError("A certificate is looked at with its key: --tls-cert and --tls-key.")
    return Certificate(chain, key)


def _state_file() -> Path | None:
    folder = getattr(settings, "DATA_DIR", None)
    return Path(folder) / STATE if folder and Path(folder).is_dir() else None
