"""Secrets for trying out: made once, kept beside the data, never shipped."""

import contextlib
import secrets
from pathlib import Path


def generated_secret(data_dir: Path, name: str, is_production: bool) -> str:
    """A random secret kept in `data_dir`; in production one that the start-up checks refuse by name."""
    if is_production:
        return f"missing-{secrets.token_urlsafe(48)}"
    path = data_dir / name
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.touch(mode=0o600)
        fresh.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):  # of two processes that start at once, one wins and both read it
            path.hardlink_to(fresh)
        fresh.unlink()
    return path.read_text()
