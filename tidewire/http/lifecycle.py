"""Whether this service, and this process, take more work: `/readyz` and the HTTP connections read it, `serve` sets it.

Neither can be undone.
"""

from __future__ import annotations

_is_draining = _is_leaving = False


def is_draining() -> bool:
    """Returns whether the service is about to end on this machine, all its processes with it."""
    return _is_draining


def begin_draining() -> None:
    """Makes `/readyz` answer 503 from now on, so that balancers choose other machines. All else is still served."""
    global _is_draining
    _is_draining = True


def is_leaving() -> bool:
    """Returns whether this process takes no more connections. Others of the same service may."""
    return _is_leaving


def begin_leaving() -> None:
    """Makes this process refuse WebSocket handshakes from now on."""
    global _is_leaving
    _is_leaving = True
