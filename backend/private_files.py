"""Files that only the server's own user may read: the database in a file, and the folder of the data."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

SQLITE_SUFFIXES = ("", "-wal", "-shm")
"""A database in a file, and the files that SQLite makes beside it with the same mode."""


def private_folder(path: Path) -> Path:
    """Makes a folder that only its owner may enter, and returns it. One that is there stays as it is: it may be the
    folder of others, too. Raises ImproperlyConfigured."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ImproperlyConfigured(f"the folder {path} cannot be made: {error.strerror}. Set DATA_DIR.") from error
    return path


def private_database(path: Path) -> None:
    """Makes a file for SQLite that only its owner may read, unless it is there; takes it away from all other users if
    it is. Does nothing where the folder is missing or not writable: SQLite then says so."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    for suffix in SQLITE_SUFFIXES:
        file = path.with_name(path.name + suffix)
        with suppress(OSError):  # missing, or owned by another user
            mode = file.stat().st_mode & 0o777
            if mode & 0o007:
                file.chmod(mode & ~0o007)
