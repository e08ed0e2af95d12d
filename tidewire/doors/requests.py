"""One request to a door: its parameters, its credential, and the user that the credential proves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import parse_qsl

from asgiref.typing import HTTPScope

from tidewire.connection.consumer import bearer
from tidewire.declare.registry import registry
from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.doors.refusals import NO_STORE, RefusalError, bad_request, not_found, unauthorized, unavailable
from tidewire.engine.engine import Engine
from tidewire.ground import streams
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp
from tidewire.ground.current_request import current_request
from tidewire.ground.positions import Position

Authenticate = Callable[[str], Identity | LookUp]

MAX_QUERY_BYTES = 8 * 1024
"""Twenty streams with a position each take 4 KiB."""


@dataclass(frozen=True)
class DoorRequest:
    """A request, as far as doors look at it."""

    scope: HTTPScope

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the query, in order. Raises RefusalError for a query that is too long."""
        query = self.scope["query_string"]
        if len(query) > MAX_QUERY_BYTES:
            raise bad_request("The query is too long.")
        return parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace")

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.parameters if key == name]

    def one(self, name: str) -> str | None:
        """Returns the parameter's value, or None without it. Raises RefusalError for an empty or a repeated one."""
        values = self.all(name)
        if len(values) > 1:
            raise bad_request(f"The parameter {name} is given more than once.")
        if values == [""]:
            raise bad_request(f"The parameter {name} is empty.")
        return values[0] if values else None

    def header(self, name: bytes) -> str:
        """Returns the values of a header, joined as one list; "" without it."""
        return ", ".join(value.decode("latin-1") for key, value in self.scope["headers"] if key == name)

    @property
    def address(self) -> str:
        """The client's address."""
        return (self.scope.get("client") or ("",))[0]

    @property
    def credential(self) -> str:
        """The token of the Authorization header, or ""."""
        return bearer(self.scope)


async def identify(
    engine: Engine, request: DoorRequest, credential: str, authenticate: Authenticate | None = None
) -> Identity:
    """Returns the user that the credential proves, and counts the request: for the user, or else for the address.

    `authenticate` reads credentials of another kind than sockets take. Raises RefusalError.
    """
    try:
        identity = await _identity(engine, credential, authenticate)
        if (current := current_request()) is not None:
            current.user = identity.user_id
        return identity
    except ExpiredCredential:
        refusal = unauthorized("token_expired", "The token has expired.")
    except InvalidCredential:
        refusal = unauthorized("token_invalid", "The token is not valid.")
        if not credential:
            refusal = unauthorized("not_authenticated", "Authentication credentials were not provided.")
    except LogUnavailableError:
        raise unavailable() from None
    if not await engine.reader.may_ask(request.address):
        raise _quota_exceeded()
    raise refusal


async def _identity(engine: Engine, credential: str, authenticate: Authenticate | None) -> Identity:
    """Raises ExpiredCredential, InvalidCredential and LogUnavailableError; RefusalError above the quota."""
    if not credential:
        raise InvalidCredential
    identity = (authenticate or engine.authenticate)(credential)
    if not isinstance(identity, Identity):
        identity = await engine.reader.identify(identity)
    await engine.revocations.ensure_loaded()
    if engine.sessions.has_ended(identity.session_id):
        raise InvalidCredential
    if not await engine.reader.may_command(identity):
        raise _quota_exceeded()
    return identity


def _quota_exceeded() -> RefusalError:
    headers = [*NO_STORE, (b"retry-after", b"60")]
    return RefusalError(429, "quota_exceeded", "There were more requests than are allowed.", headers)


async def readable(engine: Engine, identity: Identity, stream: str) -> Position:
    """Returns the head of a stream that the user may read. Raises RefusalError for every other: a hidden stream, one
    that does not exist and a name that no stream can have look the same."""
    is_possible = streams.parse(stream) and registry.kind_of(stream) and identity.may_read(stream)
    if not is_possible:
        raise not_found()
    try:
        found = await engine.reader.readable_positions(identity.user_id, [stream])
    except LogUnavailableError:
        raise unavailable() from None
    if stream not in found:
        raise not_found()
    return found[stream]
