"""Tokens: their text and their claims. The only module that imports simplejwt, which signs and verifies them.

Every token names its session as `sid`. A refresh token also names its generation, see api/auth/sessions.py.

While the signing key is replaced, tokens under the keys before it are accepted, too (JWT_SIGNING_KEY_FALLBACKS), until
JWT_FALLBACKS_UNTIL: such a token ends then at the latest, and so does a socket that it opened.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Any, TypeVar, cast
from uuid import UUID, uuid5

from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token, UntypedToken

from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

MAX_LENGTH = 4096
"""Characters of a token. Ours have about 400; decoding a megabyte takes time."""
KNOWN_TOKENS = 4096
"""How many access tokens are accepted again without verifying their signature. Each takes a kilobyte."""

# What a token can make the libraries raise besides their own error: claims of the wrong type, numbers that are no time,
# and a header nested too deep, which is read before the signature is verified.
_UNREADABLE = (TokenError, KeyError, ValueError, TypeError, OverflowError, RecursionError)

T = TypeVar("T", bound=Token)


# -- access tokens ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """The claims of an access token. Times are in seconds since 1970."""

    user_id: str
    session_id: str
    issued_at: float
    expires_at: float

    @property
    def identity(self) -> Identity:
        return Identity(self.user_id, expires_at=self.expires_at, session_id=self.session_id)


def read_access(text: str) -> AccessClaims:
    """Returns the claims of an access token, by its signature alone. Raises ExpiredCredential or InvalidCredential."""
    claims = _verified_access(text)
    if claims.expires_at <= time.time():
        raise ExpiredCredential
    return claims


@lru_cache(maxsize=KNOWN_TOKENS)
def _verified_access(text: str) -> AccessClaims:
    """A client sends the same token with every request for five minutes, and verifying takes as long as a query."""
    try:
        token = _read(AccessToken, text)
        user_id, session_id = _uuid(token, "user_id"), _uuid(token, "sid")
        return AccessClaims(user_id, session_id, float(token.get("iat", 0)), float(token["exp"]))
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except _UNREADABLE:
        raise InvalidCredential from None


def authenticate(text: str) -> Identity:
    """Returns the identity of an access token. Needs no query. Raises ExpiredCredential or InvalidCredential."""
    return read_access(text).identity


# -- tokens for addresses --------------------------------------------------------------------------------------------


class EventsToken(Token):
    """Opens `streams/events/` and nothing else, because it stands in the address, which servers and proxies log."""

    token_type = "events"
    lifetime = timedelta()


def make_events_token(identity: Identity) -> str:
    """Returns a token that ends with the access token by which its user is identified."""
    token = EventsToken()
    token.payload |= {"user_id": identity.user_id, "sid": identity.session_id}
    token["exp"] = int(identity.expires_at or 0)
    return str(token)


def authenticate_events(text: str) -> Identity:
    """Returns the identity of such a token. Needs no query. Raises ExpiredCredential or InvalidCredential."""
    token = _valid(EventsToken, text)
    expires_at = float(cast(float, token["exp"]))
    return Identity(
        str(token["user_id"]),
        expires_at=expires_at,
        session_id=str(token["sid"]),
        may_publish=False,
        is_renewable=False,
    )


# -- refresh tokens --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    """The claims of a refresh token. `ends_at` is when the session must end, however often it is refreshed."""

    user_id: str
    session_id: UUID
    generation: int
    ends_at: datetime


def refresh_lifetime() -> timedelta:
    return cast(timedelta, RefreshToken.lifetime)


def read_refresh(text: str) -> RefreshClaims:
    """Returns the claims of a refresh token. Raises ExpiredCredential or InvalidCredential."""
    token = _valid(RefreshToken, text)
    try:
        generation, ends_at = int(token["generation"]), datetime.fromtimestamp(cast(float, token["ends_at"]), UTC)
    except (*_UNREADABLE, OSError):
        raise InvalidCredential from None
    if not 0 < generation < 2**31 - 1:
        raise InvalidCredential
    return RefreshClaims(str(token["user_id"]), UUID(str(token["sid"])), generation, ends_at)


def read_any(text: str) -> AccessClaims | RefreshClaims:
    """Returns the claims of a token of either kind. Raises ExpiredCredential or InvalidCredential."""
    kind = _valid(UntypedToken, text).get("token_type")
    return read_refresh(text) if kind == RefreshToken.token_type else read_access(text)


def make_pair(
    user_id: str, session_id: UUID, generation: int, expires_at: datetime, ends_at: datetime
) -> dict[str, str]:
    """Returns the refresh token of this generation, which is the same each time, and a new access token."""
    refresh_token = RefreshToken()
    refresh_token.payload |= {
        "user_id": user_id,
        "sid": str(session_id),
        "generation": generation,
        "ends_at": int(ends_at.timestamp()),
        "jti": uuid5(session_id, str(generation)).hex,
    }
    refresh_token.set_iat(at_time=expires_at - refresh_lifetime())
    refresh_token.set_exp(from_time=expires_at, lifetime=timedelta())
    access_token = AccessToken()
    access_token.payload |= {"user_id": user_id, "sid": str(session_id)}
    if settings.HAS_CENTRIFUGO:  # its nodes verify access tokens by these, which no other token has
        access_token.payload |= {"sub": user_id, "meta": {"sid": str(session_id)}}
    access_token.set_exp(lifetime=min(cast(timedelta, AccessToken.lifetime), ends_at - timezone.now()))
    return {"access": str(access_token), "refresh": str(refresh_token)}


# -- reading ---------------------------------------------------------------------------------------------------------


def _valid(kind: type[T], text: str) -> T:
    """The token, if its signature and the claims that every token has are good."""
    try:
        token = _read(kind, text)
        _uuid(token, "user_id")
        _uuid(token, "sid")
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except _UNREADABLE:
        raise InvalidCredential from None
    return token


def _read(kind: type[T], text: str) -> T:
    """The token, if the library accepts it. Raises what _UNREADABLE names.

    `iat` may be a little in the future (SIMPLE_JWT["LEEWAY"]), because another process made it by its own clock. The
    expiry gets no leeway.
    """
    if len(text) > MAX_LENGTH:
        raise ValueError("the text is too long for a token")
    token = _verified(kind, text)
    if cast(float, token["exp"]) <= timezone.now().timestamp():
        raise ExpiredTokenError
    return token


def _verified(kind: type[T], text: str) -> T:
    """The token, by a signature under the present key, or under one before it. Raises what _UNREADABLE names."""
    try:
        return kind(cast(Any, text))  # the library's annotation wants a Token, its code a text
    except ExpiredTokenError:
        raise
    except TokenError as error:
        until = settings.JWT_FALLBACKS_UNTIL
        if until is None or timezone.now() < until:
            for key in settings.JWT_SIGNING_KEY_FALLBACKS:
                if (token := _verified_by(key, kind, text)) is not None:
                    token["exp"] = min(cast(float, token["exp"]), until.timestamp() if until else math.inf)
                    return token
        raise error


def _verified_by(key: str, kind: type[T], text: str) -> T | None:
    """The token, if this key signed it; None if it did not. Raises ExpiredTokenError for a good signature."""
    try:
        return _under(key, kind)(cast(Any, text))
    except ExpiredTokenError:
        raise
    except TokenError:
        return None


@cache
def _under(key: str, kind: type[T]) -> type[T]:
    """The class of tokens of a kind that another key signed."""
    jwt = settings.SIMPLE_JWT
    backend = TokenBackend(jwt["ALGORITHM"], key, leeway=jwt["LEEWAY"])
    return cast("type[T]", type(kind.__name__, (kind,), {"_token_backend": backend}))


def _uuid(token: Token, name: str) -> str:
    """A claim that is a UUID in canonical form. Raises ValueError or KeyError."""
    text = token[name]
    if not isinstance(text, str) or str(UUID(text)) != text:
        raise ValueError(f"{name} is not a UUID")
    return text
