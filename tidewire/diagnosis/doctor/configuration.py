"""The settings, static files, open files and disk, as this machine has them."""

from __future__ import annotations

import resource
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core import checks
from django.db import connections

from tidewire.diagnosis.doctor.finding import Findings, error, ok, warning
from tidewire.ground.conf import conf
from tidewire.layer import redis_clients
from tidewire.log.database import log_alias
from tidewire.serve.file_limit import TooFewFilesError, places

GIB = 1024**3


def look_at_settings() -> Findings:
    """The start-up checks of all apps, without those that ask the database."""
    found = checks.run_checks(include_deployment_checks=False)
    found = [problem for problem in found if not problem.is_silenced() and problem.level >= checks.WARNING]
    for problem in found:
        make = error if problem.level >= checks.ERROR else warning
        yield make("settings", f"{problem.id}: {problem.msg}", problem.hint or "See docs/configuration.md.")
    if not found:
        yield ok("settings", "the start-up checks find nothing")


def look_at_workers(workers: int) -> Findings:
    """Whether what several processes share is a server: `serve --workers` refuses to start otherwise."""
    if workers > 1 and connections[log_alias()].vendor == "sqlite":
        yield error("workers", f"{workers} processes, and the database is a file", "Set DATABASE_URL.")
    if workers > 1 and redis_clients.is_in_memory():
        yield error("workers", f"{workers} processes, and the channel layer is in memory", "Set REDIS_URL.")


def look_at_statics() -> Findings:
    """Whether `collectstatic` has run: without it the admin has no style."""
    root = getattr(settings, "STATIC_ROOT", None)
    if not root or getattr(settings, "WHITENOISE_USE_FINDERS", False):
        yield ok("statics", "served from the apps, as in development")
        return
    wanted = [path for finder in finders.get_finders() for path, _ in finder.list(None)]
    missing = [path for path in wanted if not Path(root, path).is_file()]
    if missing:
        yield error(
            "statics",
            f"{len(missing)} of {len(wanted)} static files are not in {root}, such as {missing[0]}",
            "Run `manage.py collectstatic --no-input` as the user of the service, with the same STATIC_ROOT.",
        )
    else:
        yield ok("statics", f"{len(wanted)} files in {root}")


def look_at_files() -> Findings:
    """How many connections the limit of open files allows. It is that of this shell: a service has its own."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = 1 << 20 if hard == resource.RLIM_INFINITY else hard
    try:
        allowed = places(files, conf.MAX_VIEWS + conf.DATABASE_THREADS, conf.MAX_CONNECTIONS)
    except TooFewFilesError as few:
        yield error("descriptors", str(few), "LimitNOFILE=65536 in the systemd unit, `ulimits` in Compose.")
        return
    if conf.MAX_CONNECTIONS and allowed.sockets < conf.MAX_CONNECTIONS:
        yield warning(
            "descriptors",
            f"{files} open files allow {allowed.sockets} sockets, and MAX_CONNECTIONS is {conf.MAX_CONNECTIONS}",
            "LimitNOFILE=65536 in the systemd unit, `ulimits` in Compose; or lower MAX_CONNECTIONS.",
        )
    else:
        yield ok("descriptors", f"{files} open files: {allowed.sockets} sockets in a process")


def look_at_disk(least_gib: float) -> Findings:
    """The free space of the folders that are written to."""
    for folder in _folders():
        usage = shutil.disk_usage(folder)
        free = usage.free / GIB
        text = f"{folder} has {free:.1f} GiB free of {usage.total / GIB:.0f}"
        if free < least_gib:
            yield error(
                "disk",
                text,
                "Free some, or lower RETENTION_EVENTS. A full disk stops SQLite's writers, and PostgreSQL altogether.",
            )
        else:
            yield ok("disk", text)


def _folders() -> list[Path]:
    named: list[Any] = [getattr(settings, "DATA_DIR", None), getattr(settings, "STATIC_ROOT", None)]
    named += [config["NAME"] for config in settings.DATABASES.values() if "sqlite" in config["ENGINE"]]
    folders = {_existing(Path(name)) for name in named if name and ":memory:" not in str(name)}
    return sorted(folders)


def _existing(path: Path) -> Path:
    """Returns the folder of a path, or the nearest one above it that exists."""
    while not path.is_dir():
        path = path.parent
    return path
