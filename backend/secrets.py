"""Secrets for development: created once and stored beside the data."""

import contextlib
import secrets
from pathlib import Path

from backend.private_files import private_folder


def generated_secret(data_dir: Path, name: str, is_production: bool) -> str:
    """Returns a random secret, stored in `data_dir`. In production returns one that the start-up checks refuse."""
    if is_production:
        return f"missing-{secrets.token_urlsafe(48)}"
    path = data_dir / name
    if not path.exists():
        private_folder(data_dir)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(
            FileExistsError
        ):  # two processes that start at once: the first one creates it, both read it
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
