"""Whether this process serves or drains: `/readyz` reads it, `serve`'s drain sets it."""

from __future__ import annotations

_is_draining = False


def is_draining() -> bool:
    """Returns whether this process is about to end."""
    return _is_draining


def begin_draining() -> None:
    """Makes `/readyz` answer 503 from now on, so that balancers choose other processes. Cannot be undone."""
    global _is_draining
    _is_draining = True
