"""DRF's authentication classes: access tokens and API keys, both as `Authorization: Bearer …`."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.request import Request

from api.auth import keys, scopes, sessions, tokens
from api.auth.keys import KeyIdentity
from api.auth.tokens import AccessClaims
from api.models import User, key_text
from tidewire import Actor, set_actor
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential, is_alive, remember_account
from tidewire.mqtt.users import SCOPE_KEY

REALM = 'Bearer realm="api"'


class AccessTokenAuthentication(BaseAuthentication):
    """Accepts an access token of a session that has not ended. Its user becomes the actor of the request."""

    def authenticate(self, request: Request) -> tuple[User, Identity] | None:
        credentials = _bearer_credentials(request)
        if credentials is None:
            return None
        if len(credentials) != 1:
            raise AuthenticationFailed("The Authorization header must read: Bearer <token>.")
        try:
            claims = tokens.read_access(credentials[0].decode("ascii", "replace"))
        except ExpiredCredential:
            raise sessions.token_expired() from None
        except InvalidCredential:
            raise sessions.token_invalid() from None
        user = _user(claims)
        set_actor(Actor("user", claims.user_id))
        return user, claims.identity

    def authenticate_header(self, request: Request) -> str:
        return REALM


def _user(claims: AccessClaims) -> User:
    """The user of an access token.

    In a process that follows the revocation log, a user of whom only the id is known: no query, and the other columns
    are read when they are used. Elsewhere the session is looked up, with its user, in one query.
    """
    if not is_alive(claims.session_id, claims.issued_at):
        return sessions.find_alive(claims.session_id, claims.user_id).user
    return User.from_db(None, ["id"], [UUID(claims.user_id)])


class KeyAuthentication(BaseAuthentication):
    """Accepts an API key, or the name of one as which a device is signed in at a broker of MQTT. Checks the scope that
    the view needs here, so that no view can forget to."""

    def authenticate(self, request: Request) -> tuple[User, KeyIdentity] | None:
        device = getattr(request._request, "scope", {}).get(SCOPE_KEY)
        credentials = _bearer_credentials(request)
        if device is None and (
            not credentials or len(credentials) != 1 or not credentials[0].startswith(key_text.PREFIX.encode())
        ):
            return None
        text = "" if device is not None or not credentials else credentials[0].decode("ascii", "replace")
        try:
            key = keys.find_key(text) if device is None else keys.find_key_by_id(device)
        except ExpiredCredential:
            raise AuthenticationFailed("The key has expired.", "key_expired") from None
        except InvalidCredential:
            raise AuthenticationFailed("The key is not valid.", "key_invalid") from None
        identity = keys.identity_of(key)
        # The share of the requests under way is that of the person behind the key, however many keys there are.
        if text:
            remember_account(text, str(key.made_by_id or key.user_id))
        _require_scope(identity, request.parser_context["view"], str(request.method))
        set_actor(keys.actor_of(key.user))
        return key.user, identity

    def authenticate_header(self, request: Request) -> str:
        return REALM


def _require_scope(identity: KeyIdentity, view: Any, method: str) -> None:
    """Raises PermissionDenied unless the key may use this method of the view."""
    scope = scopes.needed(view, method)
    if scope is None:
        raise PermissionDenied("This takes a person who is signed in, not a key.", "key_not_allowed")
    if scope not in identity.scopes:
        raise PermissionDenied(f"The key lacks the scope {scope}.", "insufficient_scope")
    if identity.binding and binding_of(view) not in (identity.binding, scopes.ANYWHERE):
        raise PermissionDenied(f"The key is confined to {identity.binding}.", "key_confined")


def binding_of(view: Any) -> str | None:
    """Returns the stream that the URL belongs to, as the view says, or None."""
    get_binding = getattr(view, "get_binding", None)
    return get_binding() if get_binding else None


def _bearer_credentials(request: Request) -> list[bytes] | None:
    """The words after `Bearer` in the Authorization header, or None for another scheme and without the header."""
    scheme, *credentials = get_authorization_header(request).split() or [b""]
    return credentials if scheme.lower() == b"bearer" else None
