"""API keys: how they look, who holds one, and what it opens.

    tw_live_<id>_<secret><checksum>

Letters and digits only, so that a double click selects all of it. The checksum lets the server, and scanners of leaked
secrets, tell a key from junk without a query. The secret is 190 random bits: nobody guesses it from a plain hash.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import DatabaseError
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from api.auth import scopes, tokens
from api.models import Key, User, key_text
from tidewire import Actor, set_actor
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp

USE_NOTED_EVERY = timedelta(minutes=10)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyIdentity(Identity):
    """A key's holder. `binding` is the one stream it is confined to, empty for none."""

    scopes: frozenset[str] = frozenset()
    binding: str = ""


def authenticate(credential: str) -> Identity | LookUp:
    """Who holds this credential, a token or a key: asked by sockets at connect."""
    if not credential.startswith(key_text.PREFIX):
        return tokens.authenticate(credential)
    if key_text.id_of(credential) is None:
        raise InvalidCredential
    return lambda: identity_of(look_up(credential))


def look_up(credential: str) -> Key:
    """The living key with its user: one query. Raises InvalidCredential or ExpiredCredential."""
    id = key_text.id_of(credential)
    key = Key.objects.select_related("user").filter(pk=id).first() if id else None
    if key is None or not hmac.compare_digest(key.hashed, key_text.hashed(credential)):
        raise InvalidCredential
    if key.ended_at is not None or not key.user.is_active:
        raise InvalidCredential
    now = timezone.now()
    if key.is_expired(now):
        raise ExpiredCredential
    if key.used_at is None or now - key.used_at > USE_NOTED_EVERY:
        _note_use(key, now)
    return key


def identity_of(key: Key) -> KeyIdentity:
    held = frozenset(key.scopes)
    confined = frozenset({key.stream}) if key.stream else None
    return KeyIdentity(
        user_id=str(key.user_id),
        expires_at=key.expires_at.timestamp() if key.expires_at else None,
        session_id=str(key.pk),
        streams=confined if "streams:read" in held else frozenset(),
        may_publish="streams:write" in held,
        is_renewable=False,
        scopes=held,
        binding=key.stream,
    )


def actor_of(user: User) -> Actor:
    return Actor("service" if user.is_service else "user", str(user.pk))


def _note_use(key: Key, now: Any) -> None:
    try:
        key.note_use(now)
    except DatabaseError as error:  # a busy database must not turn away who only wants to read
        logger.info("cannot note the use of a key: %s", error)


# -- REST ------------------------------------------------------------------------------------------------------------


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tw_live_…`. Asks for the view's scope right here, so that no view can forget to."""

    def authenticate(self, request: Any) -> tuple[User, KeyIdentity] | None:
        scheme, *credentials = get_authorization_header(request).split() or [b""]
        if (
            scheme.lower() != b"bearer"
            or len(credentials) != 1
            or not credentials[0].startswith(key_text.PREFIX.encode())
        ):
            return None
        try:
            key = look_up(credentials[0].decode("ascii", "replace"))
        except ExpiredCredential:
            raise AuthenticationFailed("The key has expired.", "key_expired") from None
        except InvalidCredential:
            raise AuthenticationFailed("The key is not valid.", "key_invalid") from None
        identity = identity_of(key)
        _admit(identity, request.parser_context["view"], request.method)
        set_actor(actor_of(key.user))
        return key.user, identity

    def authenticate_header(self, request: Any) -> str:
        return tokens.REALM


def _admit(identity: KeyIdentity, view: Any, method: str) -> None:
    scope = scopes.needed(view, method)
    if scope is None:
        raise PermissionDenied("This takes a person who is signed in, not a key.", "key_not_allowed")
    if scope not in identity.scopes:
        raise PermissionDenied(f"The key lacks the scope {scope}.", "insufficient_scope")
    if identity.binding and binding_of(view) not in (identity.binding, scopes.ANYWHERE):
        raise PermissionDenied(f"The key is confined to {identity.binding}.", "key_confined")


def binding_of(view: Any) -> str | None:
    """The stream that this address belongs to: the view says so."""
    get_binding = getattr(view, "get_binding", None)
    return get_binding() if get_binding else None
