"""When a process that has started is ready: its code is imported, and the database has all migrations.

Its code is imported, with all addresses, by the checks that `manage.py serve` begins with.
"""

from __future__ import annotations

import asyncio
import logging
import select
import socket

from channels.db import database_sync_to_async

from tidewire.http.health import check_database

logger = logging.getLogger(__name__)

RETRY_SECONDS = 1.0
"""Between two looks at a database that does not answer, or lacks migrations."""


class NotReadyError(Exception):
    """This process cannot take the place of one that serves. The text says why, and what to do."""


def require_migrations(supervisor: socket.socket) -> None:
    """Returns when the database has all migrations. Waits while it does not answer.

    Raises NotReadyError when migrations are missing, and when the supervisor is gone. `supervisor` is the worker's end
    of the pipe, on which nothing arrives before the worker serves.
    """
    while (found := check_database())["migrations"] != "ok":
        if found["migrations"] == "missing":
            raise NotReadyError("Migrations are missing. Run `manage.py migrate` before the reload.")
        logger.warning("not ready: the database is %s", found["database"])
        if select.select([supervisor], [], [], RETRY_SECONDS)[0]:
            raise NotReadyError("The supervisor has ended.")


async def until_migrated() -> None:
    """Returns when the database answers and has all migrations. Logs once what it waits for."""
    is_logged = False
    while (found := await database_sync_to_async(check_database)())["migrations"] != "ok":
        if not is_logged:
            logger.warning("not ready: the database is %s, migrations: %s", found["database"], found["migrations"])
            is_logged = True
        await asyncio.sleep(RETRY_SECONDS)
