"""Who is acting: every event names its actor.

The actor lives in a context variable. It is set where a credential is checked (REST, socket, admin); where nobody
set it (a shell, a command, a worker) events say `system`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """`type` is "user", "service" (a program's account) or "system"; `id` is the account's primary key as text, or None
    for the system."""

    type: str
    id: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"type": self.type, "id": self.id}


SYSTEM = Actor("system")
ACTOR_TYPES = ("user", "service", "system")

_actor: ContextVar[Actor] = ContextVar("tidewire_actor", default=SYSTEM)


def current_actor() -> Actor:
    return _actor.get()


def set_actor(actor: Actor) -> None:
    """From here to the end of the surrounding `acting_as` (a request, a socket command) `actor` is acting."""
    _actor.set(actor)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Inside the block `actor` is acting, whatever is set meanwhile; afterwards, whoever was before."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


class ActorMiddleware:
    """Starts every request as `system`, or as the session's user (the admin). Stands behind
    AuthenticationMiddleware."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        user = getattr(request, "user", None)
        is_known = user is not None and user.is_authenticated
        with acting_as(Actor("user", str(user.pk)) if is_known else SYSTEM):
            return self.get_response(request)
