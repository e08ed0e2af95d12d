"""Sign-in tokens. The one module that knows simplejwt, so that it can be replaced here.

A refresh token and the access tokens made from it share `sid`, the id of their session. A refresh token works once:
it is exchanged for its successor. Access tokens are short-lived and are checked without a query on sockets; REST also
asks whether the user is still there.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import auth
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token, UntypedToken

from api.models import User
from realtime.actors import Actor, set_actor
from realtime.ids import uuid7
from realtime.tokens import ExpiredCredential, Identity, InvalidCredential

REALM = 'Bearer realm="api"'

# What a token may make the libraries raise, beside their own error: claims of the wrong type, numbers that are no time,
# a header nested too deep (it is read before the signature is checked).
_UNREADABLE = (TokenError, KeyError, ValueError, TypeError, OverflowError, RecursionError)


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>` of an active user. From here on, that user is acting."""

    def authenticate(self, request: Any) -> tuple[User, Identity] | None:
        scheme, *credentials = get_authorization_header(request).split() or [b""]
        if scheme.lower() != b"bearer":
            return None
        if len(credentials) != 1:
            raise AuthenticationFailed("The Authorization header must read: Bearer <token>.")
        try:
            identity = authenticate(credentials[0].decode("ascii", "replace"))
        except ExpiredCredential:
            raise AuthenticationFailed("The token has expired.", "token_expired") from None
        except InvalidCredential:
            raise AuthenticationFailed("The token is not valid.", "token_invalid") from None
        user = active_user(identity.user_id)
        set_actor(Actor("user", str(user.pk)))
        return user, identity

    def authenticate_header(self, request: Any) -> str:
        return REALM


def authenticate(credential: str) -> Identity:
    """Who holds this access token, from signature and claims alone: no query. Asked by sockets at connect."""
    try:
        token = AccessToken(credential)
        return Identity(_user_id(token), expires_at=float(token["exp"]), session_id=_session_id(token))
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except _UNREADABLE:
        raise InvalidCredential from None


def active_user(user_id: str) -> User:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise AuthenticationFailed("The account is closed.", "account_closed")
    return user


def sign_in(request: Any, email: str, password: str) -> dict[str, str]:
    """A new session. Hashes the password, so it must not be called inside a transaction."""
    user = auth.authenticate(request, email=email, password=password)
    if user is None:
        raise AuthenticationFailed("E-mail address and password do not match an account.", "credentials_invalid")
    return sign_in_as(user)


def sign_in_as(user: User) -> dict[str, str]:
    """A new session for somebody whose identity is beyond doubt."""
    token = RefreshToken()
    token["user_id"] = str(user.pk)
    token["sid"] = str(uuid7())
    token.outstand()
    return _pair(token)


def refresh(raw: str) -> dict[str, str]:
    """Exchanges a refresh token for its successor and an access token. The old one is spent."""
    token = _valid(RefreshToken, raw)
    active_user(_user_id(token))
    _, is_first = token.blacklist()
    if not is_first:  # somebody exchanged it in this very moment
        raise _token_invalid()
    token.set_jti()
    token.set_exp()
    token.set_iat()
    token.outstand()
    return _pair(token)


def revoke(raw: str) -> None:
    """Ends a session: its refresh token works no more."""
    _valid(RefreshToken, raw).blacklist()


def verify(raw: str) -> None:
    """Raises AuthenticationFailed unless this is a token of ours, of either kind, that still works."""
    token_type = _valid(UntypedToken, raw).get("token_type")
    _valid(RefreshToken if token_type == RefreshToken.token_type else AccessToken, raw)


def _pair(token: RefreshToken) -> dict[str, str]:
    return {"access": str(token.access_token), "refresh": str(token)}


def _valid(kind: type[Token], raw: str) -> Token:
    """The token, if it works. Claims that cannot be read count as invalid."""
    try:
        token = kind(raw)
        _user_id(token)
    except ExpiredTokenError:
        raise AuthenticationFailed("The token has expired.", "token_expired") from None
    except _UNREADABLE:
        raise _token_invalid() from None
    return token


def _token_invalid() -> AuthenticationFailed:
    return AuthenticationFailed("The token is not valid.", "token_invalid")


def _user_id(token: Token) -> str:
    """The user's key in its one canonical form. Raises ValueError or TypeError for anything else."""
    text = token.get("user_id")
    if not isinstance(text, str) or str(UUID(text)) != text:
        raise ValueError("user_id is not a UUID")
    return text


def _session_id(token: Token) -> str | None:
    sid = token.get("sid")
    return sid if isinstance(sid, str) else None
