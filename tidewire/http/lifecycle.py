"""Is this process serving, or on its way out? Readiness asks; whoever drains the process says so."""

from __future__ import annotations

_is_draining = False


def is_draining() -> bool:
    return _is_draining


def begin_draining() -> None:
    """From now on `/readyz` says so, and balancers look elsewhere. There is no way back."""
    global _is_draining
    _is_draining = True
