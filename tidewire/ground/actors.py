"""Who is acting: every event names its actor.

The actor lives in a context variable, which is set where a credential is checked (REST, socket, admin). Where it was
not set (a shell, a command, a worker), events say `system`. Every request of Django begins with `system`, on any
server: a thread that serves one request after another must not take the actor of one into the next.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Annotated

from django.core.signals import request_finished, request_started
from django.http import HttpRequest, HttpResponseBase
from msgspec import Meta, Struct

from tidewire.ground.current_request import current_request

ACTOR_TYPES = ("user", "service", "system")


class Actor(Struct, frozen=True):
    """Who did it: a user, a service (a program with an account) or the system.

    `id` is the account's primary key as text; None for the system, and for an account that was erased.
    """

    type: Annotated[str, Meta(extra_json_schema={"enum": list(ACTOR_TYPES)})]
    id: Annotated[str, Meta(extra_json_schema={"format": "uuid"})] | None = None


SYSTEM = Actor("system")

_actor: ContextVar[Actor] = ContextVar("tidewire_actor", default=SYSTEM)
_outside: ContextVar[Actor] = ContextVar("tidewire_actor_outside", default=SYSTEM)
"""The actor around the present request: `system` on a server, perhaps another in a test that sends requests."""


def current_actor() -> Actor:
    """Returns the actor of this context."""
    return _actor.get()


def set_actor(actor: Actor) -> None:
    """Makes `actor` the actor until the surrounding `acting_as`, request, or command of a socket ends.

    Where none of these surrounds the caller, as in a worker of a task queue, the actor stays: use `acting_as` there.
    """
    _actor.set(actor)
    _name_in_request(actor)


@contextmanager
def acting_as(actor: Actor) -> Generator[None]:
    """Makes `actor` the actor inside the block, and the one before it the actor again at the end, even if `set_actor`
    was called meanwhile."""
    token = _actor.set(actor)
    _name_in_request(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def _name_in_request(actor: Actor) -> None:
    """Names the actor in the log line of the current request. The system acts in many that are a user's."""
    request = current_request()
    if request is not None and actor.id:
        request.user = actor.id


def reset_at_requests() -> None:
    """Makes every request of this process begin with `system`. Called once, when the app is ready."""
    request_started.connect(_begin_request, dispatch_uid="tidewire.actors")
    request_finished.connect(_end_request, dispatch_uid="tidewire.actors")


def _begin_request(sender: object, **kwargs: object) -> None:
    _outside.set(_actor.get())
    _actor.set(SYSTEM)


def _end_request(sender: object, **kwargs: object) -> None:
    _actor.set(_outside.get())
    _outside.set(SYSTEM)


class ActorMiddleware:
    """Begins every request with the session's user as its actor (the admin), or with `system`. It stands after
    AuthenticationMiddleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        user = getattr(request, "user", None)
        actor = Actor("user", str(user.pk)) if user is not None and user.is_authenticated else SYSTEM
        with acting_as(actor):
            return self.get_response(request)
