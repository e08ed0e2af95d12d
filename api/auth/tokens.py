"""Sign-in tokens. The one module that knows simplejwt, which signs and reads them; what they mean is ours.

Every token names its session as `sid`. A refresh token also names its generation and works once: it is exchanged for
its successor. For a few seconds it is answered with that same successor again, because two tabs refresh at once and
answers get lost; afterwards a spent token has been stolen, from the owner or by them, and ends the session for both.
Access tokens are short-lived, and checked without a query: sockets at connect, and REST in a process that follows what
ends (tidewire/log/revocations.py). Elsewhere REST asks whether session and user are there, in one query.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from django.contrib import auth
from django.db import transaction
from django.db.models import Exists
from django.db.models.functions import Now
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, Token, UntypedToken

from api.auth.throttles import address_of, guessing
from api.models import Session, User
from tidewire import Actor, set_actor
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential, is_alive

REALM = 'Bearer realm="api"'
GRACE = timedelta(seconds=10)
MAX_AGE = timedelta(days=30)
"""However often it is refreshed: then a session asks for the password again."""
KNOWN_TOKENS = 4096
"""So many access tokens are known again without looking at their signature; a kilobyte each."""
PRUNE_EVERY = 16
"""So many refreshes of a session pay for a look at old rows."""

# What a token may make the libraries raise, beside their own error: claims of the wrong type, numbers that are no time,
# a header nested too deep (it is read before the signature is checked).
_UNREADABLE = (TokenError, KeyError, ValueError, TypeError, OverflowError, RecursionError)


class AccessTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>` of a living session. From here on, its user is acting."""

    def authenticate(self, request: Any) -> tuple[User, Identity] | None:
        scheme, *credentials = get_authorization_header(request).split() or [b""]
        if scheme.lower() != b"bearer":
            return None
        if len(credentials) != 1:
            raise AuthenticationFailed("The Authorization header must read: Bearer <token>.")
        try:
            issued_at, identity = _dated(credentials[0].decode("ascii", "replace"))
        except ExpiredCredential:
            raise AuthenticationFailed("The token has expired.", "token_expired") from None
        except InvalidCredential:
            raise _invalid() from None
        user = _user(identity, issued_at)
        set_actor(Actor("user", identity.user_id))
        return user, identity

    def authenticate_header(self, request: Any) -> str:
        return REALM


def _user(identity: Identity, issued_at: float) -> User:
    """Who holds a token: where nothing is known of the session's end, with all that is to know from one query;
    otherwise by key, and the rest is read when somebody wants it."""
    if not is_alive(identity.session_id, issued_at):
        return _session(identity.session_id, identity.user_id).user
    return User.from_db(None, ["id"], [UUID(identity.user_id)])


def confirm(identity: Identity) -> None:
    """Raises AuthenticationFailed unless session and user are there. For whoever met a trace of their end."""
    _session(identity.session_id, identity.user_id)


def authenticate(credential: str) -> Identity:
    """Who holds this access token, from signature and claims alone: no query. Asked by sockets at connect."""
    return _dated(credential)[1]


def _dated(credential: str) -> tuple[float, Identity]:
    """When the token was issued, and whose it is. Raises ExpiredCredential or InvalidCredential."""
    issued_at, identity = _signed(credential)
    if identity.expires_at <= time.time():
        raise ExpiredCredential
    return issued_at, identity


@lru_cache(maxsize=KNOWN_TOKENS)
def _signed(credential: str) -> tuple[float, Identity]:
    """What a token says whose signature and claims are good. Nothing of that changes but its age: the same token comes
    with every request of five minutes, and a signature is as expensive as a statement."""
    try:
        token = _read(AccessToken, credential)
        identity = Identity(_id(token, "user_id"), expires_at=float(token["exp"]), session_id=_id(token, "sid"))
        return float(token.get("iat", 0)), identity
    except ExpiredTokenError:
        raise ExpiredCredential from None
    except _UNREADABLE:
        raise InvalidCredential from None


# -- a session from its start to its end -----------------------------------------------------------------------------


def sign_in(request: Any, email: str, password: str) -> dict[str, str]:
    """A new session. Hashes the password, so it must not be called inside a transaction."""
    with guessing(request, email):
        user = auth.authenticate(request, email=email, password=password)
        if user is None:
            raise _credentials_invalid()
    return sign_in_as(user, _device(request), address_of(request))


def sign_in_as(user: User, device: str = "", address: str = "") -> dict[str, str]:
    """A new session for somebody whose password was checked.

    Whoever changes or closes the account locks its row and ends its sessions: so this one begins before that, and is
    ended, or finds the account changed.
    """
    now = timezone.now()
    with transaction.atomic():
        same = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True, password=user.password)
        if same.values_list("pk").first() is None:
            raise _credentials_invalid()
        session = Session.objects.create(
            user=user,
            device=device,
            address=address,
            created_at=now,
            rotated_at=now,
            expires_at=min(now + RefreshToken.lifetime, now + MAX_AGE),
        )
    return _pair(str(user.pk), session.pk, 1, session.expires_at, now + MAX_AGE)


def refresh(raw: str) -> dict[str, str]:
    """Exchanges a refresh token for its successor and an access token: one statement, or two if it was spent before.

    Not to be called inside a transaction: that a session was ended must outlast the refusal.
    """
    token, now = _valid(RefreshToken, raw), timezone.now()
    user_id, sid, generation, ends_at = _family(token)
    # All conditions on the session stand in the statement's own WHERE, where PostgreSQL checks them again after it
    # has waited for another exchange of the same token.
    current = Session.objects.filter(
        Exists(User.objects.filter(pk=user_id, is_active=True)),
        pk=sid,
        user=user_id,
        generation=generation,
        ended_at=None,
        expires_at__gt=now,
    )
    expires_at = min(now + RefreshToken.lifetime, ends_at)
    if current.update(generation=generation + 1, rotated_at=Now(), expires_at=expires_at):
        if generation % PRUNE_EVERY == 0:
            Session.objects.prune()
        return _pair(user_id, sid, generation + 1, expires_at, ends_at)
    session = _session(sid, user_id)
    if not _is_in_grace(session, generation):
        Session.objects.filter(pk=sid).end()
        raise AuthenticationFailed("The token was used before. The session has been ended.", "token_reused")
    return _pair(user_id, sid, session.generation, session.expires_at, ends_at)


def revoke(raw: str) -> None:
    """Signs out: ends the token's session, however old the token. Doing it twice does it once."""
    user_id, sid, *_ = _family(_valid(RefreshToken, raw))
    Session.objects.filter(pk=sid, user=user_id).end()


def verify(raw: str) -> None:
    """Raises AuthenticationFailed unless this is a token of ours, of either kind, that still works."""
    kind = _valid(UntypedToken, raw).get("token_type")
    token = _valid(RefreshToken if kind == RefreshToken.token_type else AccessToken, raw)
    session = _session(_claim(token, "sid"), _claim(token, "user_id"))
    if isinstance(token, RefreshToken):
        generation = _family(token)[2]
        if generation != session.generation and not _is_in_grace(session, generation):
            raise _invalid()


def _session(sid: UUID | str, user_id: str) -> Session:
    """The living session with its user, and the database's time: one query."""
    session = Session.objects.select_related("user").annotate(asked_at=Now()).filter(pk=sid, user=user_id).first()
    if session is not None and not session.user.is_active:
        raise AuthenticationFailed("The account is closed.", "account_closed")
    if session is None or not session.is_alive(timezone.now()):
        raise AuthenticationFailed("The session has ended.", "session_ended")
    return session


def _is_in_grace(session: Any, generation: int) -> bool:
    """Whether this generation was the current one until a moment ago. By the database's clock alone: two tabs may have
    asked two processes whose clocks differ by more than the grace."""
    return generation == session.generation - 1 and session.asked_at - session.rotated_at <= GRACE


def _device(request: Any) -> str:
    """What the client calls itself, as far as it can be shown to people."""
    return "".join(c for c in request.META.get("HTTP_USER_AGENT", "") if c.isprintable())[:200]


# -- tokens ----------------------------------------------------------------------------------------------------------


def _pair(user_id: str, sid: UUID, generation: int, expires_at: datetime, ends_at: datetime) -> dict[str, str]:
    """The refresh token of this generation, which is always the same, and a new access token."""
    refresh_token = RefreshToken()
    refresh_token.payload |= {
        "user_id": user_id,
        "sid": str(sid),
        "generation": generation,
        "ends_at": int(ends_at.timestamp()),
        "jti": uuid5(sid, str(generation)).hex,
    }
    refresh_token.set_iat(at_time=expires_at - RefreshToken.lifetime)
    refresh_token.set_exp(from_time=expires_at, lifetime=timedelta())
    access_token = AccessToken()
    access_token.payload |= {"user_id": user_id, "sid": str(sid)}
    access_token.set_exp(lifetime=min(AccessToken.lifetime, ends_at - timezone.now()))
    return {"access": str(access_token), "refresh": str(refresh_token)}


def _valid(kind: type[Token], raw: str) -> Token:
    """The token, if its signature and its claims are ours. Claims that cannot be read count as invalid."""
    try:
        token = _read(kind, raw)
        _id(token, "user_id"), _id(token, "sid")
    except ExpiredTokenError:
        raise AuthenticationFailed("The token has expired.", "token_expired") from None
    except _UNREADABLE:
        raise _invalid() from None
    return token


def _read(kind: type[Token], raw: str) -> Token:
    """The token, if the library accepts it. `iat` may be a little ahead of us (SIMPLE_JWT["LEEWAY"]): another process
    made it, by its own clock. Its end is never put off. Raises what _UNREADABLE names."""
    token = kind(raw)
    if token["exp"] <= timezone.now().timestamp():
        raise ExpiredTokenError
    return token


def _family(token: Token) -> tuple[str, UUID, int, datetime]:
    """(user, session, generation, end of the session) of a valid refresh token."""
    try:
        generation, ends_at = int(token["generation"]), datetime.fromtimestamp(token["ends_at"], UTC)
    except (*_UNREADABLE, OSError):
        raise _invalid() from None
    if not 0 < generation < 2**31 - 1:
        raise _invalid()
    return _claim(token, "user_id"), UUID(_claim(token, "sid")), generation, ends_at


def _claim(token: Token, name: str) -> str:
    return str(token[name])


def _id(token: Token, name: str) -> str:
    """A UUID in its one canonical form. Raises ValueError, TypeError or KeyError for anything else."""
    text = token[name]
    if not isinstance(text, str) or str(UUID(text)) != text:
        raise ValueError(f"{name} is not a UUID")
    return text


def _invalid() -> AuthenticationFailed:
    return AuthenticationFailed("The token is not valid.", "token_invalid")


def _credentials_invalid() -> AuthenticationFailed:
    return AuthenticationFailed("E-mail address and password do not match an account.", "credentials_invalid")
