"""The credential of a socket: what `TIDEWIRE["AUTHENTICATE"]`, `AUTHENTICATE_EVENTS` and `MAY_COMMAND` name."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import AuthenticationFailed

from api.auth import keys, quotas, sessions, tokens
from api.models import key_text
from tidewire.credentials import Identity, InvalidCredential, LookUp, is_remembered
from tidewire.ground.networks import is_loopback, network_of


def authenticate(credential: str) -> Identity | LookUp:
    """Returns the identity of an access token, or for an API key the look-up that finds it.

    Needs no query, so it may run in the event loop. The look-up needs one, and runs in a thread; so does that of a
    token which is so old that the end of its session may be forgotten, because tokens lived longer when it was made.
    Both raise ExpiredCredential or InvalidCredential.
    """
    if not credential.startswith(key_text.PREFIX):
        claims = tokens.read_access(credential)
        return claims.identity if is_remembered(claims.issued_at) else lambda: _identity_of_old(claims)
    if key_text.id_of(credential) is None:
        raise InvalidCredential
    return lambda: keys.identity_of(keys.find_key(credential))


def _identity_of_old(claims: tokens.AccessClaims) -> Identity:
    try:
        sessions.find_alive(claims.session_id, claims.user_id)
    except AuthenticationFailed:
        raise InvalidCredential from None
    return claims.identity


def authenticate_events(credential: str) -> Identity:
    """Returns the identity of a token in the address of `streams/events/`. Raises as `authenticate`."""
    return tokens.authenticate_events(credential)


def identity_of_connection(user_id: str, meta: dict[str, Any]) -> Identity:
    """Returns the identity of a connection at a node of Centrifugo, by what the node keeps of its credential. Raises as
    `authenticate`."""
    id = meta.get("sid")
    if not isinstance(id, str):
        raise InvalidCredential
    if meta.get("kind") == "key":
        return keys.identity_of(keys.find_key_by_id(id))
    try:
        sessions.find_alive(id, user_id)
    except (AuthenticationFailed, ValueError):
        raise InvalidCredential from None
    return Identity(user_id, session_id=id)


def may_ask(address: str) -> bool:
    """Counts one request of a door over HTTP without a valid credential, and returns whether the quota of its address
    allows it. Requests from this machine are not counted."""
    return is_loopback(address) or quotas.may_ask(network_of(address))


def may_command(identity: Identity) -> bool:
    """Counts one command of a socket against the quotas of its account and key, and returns whether they allow it.

    May wait for Redis: the engine calls it in a thread.
    """
    return quotas.may_command(identity)
