"""A small client of the public API. It needs a key and HTTP, and nothing else of this project."""

from __future__ import annotations

import json
import os
import time
from datetime import UTC, datetime
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from api.management.host_metrics import METRICS, Host
from tidewire.diagnosis.arguments import PROCESS, above_zero, http_url, whole
from tidewire.diagnosis.commands import OurCommand

TIMEOUT_SECONDS = 10
PATIENCE_SECONDS = 5.0
"""Time between attempts, while the server is away or busy."""


class RefusedError(Exception):
    """The server refused a request, and would refuse it again."""


class Command(OurCommand):
    help = (
        "Pushes CPU, memory, disk and network of this machine to a dashboard, over the public REST API. The key needs "
        "the scope samples:write, and metrics:read and metrics:write where the metrics are still to be made."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", type=http_url, default=f"http://localhost:{os.environ.get('PORT', '8000')}")
        parser.add_argument("--dashboard", help="Its id.")
        parser.add_argument("--key", default=os.environ.get("TIDEWIRE_KEY"), help="A key; $TIDEWIRE_KEY by default.")
        parser.add_argument("--demo", action="store_true", help="Dashboard and key are those that seed_demo made.")
        parser.add_argument("--seconds", type=above_zero, default=3.0, help="Between two measures.")
        parser.add_argument("--count", type=whole(), help="How many; without end by default.")
        parser.add_argument(
            "--parent", type=PROCESS, metavar="PID", help="End when this process, which started it, ends."
        )

    def handle(self, *args: Any, url: str, dashboard: str | None, key: str | None, **options: Any) -> None:
        if options["demo"]:
            dashboard, key = _demo()
        if not dashboard or not key:
            raise CommandError("Name a dashboard, and a key (--key or $TIDEWIRE_KEY); or --demo.")
        api, host = Api(url, key), Host()
        parent = options["parent"] or os.getppid()
        left = options["count"] if options["count"] else float("inf")
        is_ready = options["demo"]  # seed_demo made the metrics
        # `make run` starts this beside the server: it ends when its parent does.
        while left > 0 and os.getppid() == parent:
            time.sleep(options["seconds"])
            try:
                is_ready = is_ready or _make_metrics(api, dashboard)
                _push(api, dashboard, host.measure())
                left -= 1
            except RefusedError as error:
                raise CommandError(str(error)) from None
            except OSError:  # the server is starting, stopping or busy
                time.sleep(PATIENCE_SECONDS if options["count"] is None else options["seconds"])


class Api:
    """Sends requests to the API."""

    def __init__(self, url: str, key: str) -> None:
        self._base = f"{url.rstrip('/')}/api/v1/"
        self._key = key
        self._opener = build_opener(ProxyHandler({}))

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Returns the decoded answer. Raises OSError when the request may be sent again, else RefusedError."""
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(self._base + path, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
                return json.load(response)
        except HTTPError as error:
            if error.code in (429, 503) or error.code >= 500:
                raise URLError(error.reason) from None
            raise RefusedError(f"{method} {path}: {error.code} {error.read().decode()[:300]}") from None


def _make_metrics(api: Api, dashboard: str) -> bool:
    """Creates the metrics that the dashboard does not have. Returns True."""
    path = f"dashboards/{dashboard}/metrics/"
    found = {metric["key"] for metric in api.call("GET", path + "?limit=100")["results"]}
    for key, about in METRICS.items():
        if key not in found:
            api.call("POST", path, {"key": key, **about})
    return True


def _push(api: Api, dashboard: str, values: dict[str, float]) -> None:
    at = datetime.now(UTC).isoformat()
    samples = [{"metric": key, "at": at, "value": value} for key, value in values.items()]
    api.call("POST", f"dashboards/{dashboard}/samples/", {"samples": samples})


def _demo() -> tuple[str, str]:
    try:
        saved = json.loads((settings.DATA_DIR / "demo_dashboard.json").read_text())
        return saved["dashboard"], saved["key"]
    except (OSError, ValueError, KeyError):
        raise CommandError("There is no demo dashboard here. Run: python manage.py seed_demo") from None
