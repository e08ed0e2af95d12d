"""Sessions from sign-in to sign-out: what tokens are exchanged for, and what ends them.

A refresh token works once: it is exchanged for its successor, of the next generation. For ten seconds it is answered
with that same successor again, because two browser tabs refresh at once and answers get lost. After that, a used token
counts as stolen, and its session is ended for the thief and the owner.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from django.contrib import auth
from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Exists
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from api.auth import tokens
from api.auth.addresses import address_of
from api.auth.tokens import RefreshClaims
from api.models import Session, User
from tidewire import PreparedQuery
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

GRACE = timedelta(seconds=10)
MAX_AGE = timedelta(days=30)
"""A session ends this long after its sign-in, however often it is refreshed."""
PRUNE_EVERY = 16
"""Old rows are deleted once in so many refreshes of a session."""

T = TypeVar("T")


def sign_in(request: HttpRequest, email: str, password: str) -> dict[str, str]:
    """Starts a session and returns its tokens. Raises AuthenticationFailed, Throttled or HashingBusy.

    Hashes the password, which is slow: call it outside a transaction.
    """
    user = auth.authenticate(request, email=email, password=password)
    if user is None:
        raise _credentials_invalid()
    user_agent = request.META.get("HTTP_USER_AGENT", "")
    return sign_in_as(cast(User, user), "".join(c for c in user_agent if c.isprintable())[:200], address_of(request))


def sign_in_as(user: User, device: str = "", address: str = "") -> dict[str, str]:
    """Starts a session for a user whose password was compared, and returns its tokens. Raises AuthenticationFailed.

    A request that changes the password or closes the account locks the user's row and ends the sessions. This one
    either starts before that and is ended, or finds the row changed.
    """
    now = timezone.now()
    with transaction.atomic():
        same = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True, password=user.password)
        if same.values_list("pk").first() is None:
            raise _credentials_invalid()
        Session.objects.make_space(user.pk)
        session = Session.objects.create(
            user=user,
            device=device,
            address=address,
            created_at=now,
            rotated_at=now,
            expires_at=min(now + tokens.refresh_lifetime(), now + MAX_AGE),
        )
    return tokens.make_pair(str(user.pk), session.pk, 1, session.expires_at, now + MAX_AGE)


def refresh(text: str) -> dict[str, str]:
    """Exchanges a refresh token for the next pair. Raises AuthenticationFailed, and may end the session then.

    One statement, or two when the token was used before. Call it outside a transaction, whose rollback would undo the
    end of the session.
    """
    claims, now = _read(tokens.read_refresh, text), timezone.now()
    # All conditions on the session are in the UPDATE itself: PostgreSQL checks them again after it has waited for
    # another exchange of the same token.
    current = Session.objects.filter(
        Exists(User.objects.filter(pk=claims.user_id, is_active=True)),
        pk=claims.session_id,
        user=claims.user_id,
        generation=claims.generation,
        ended_at=None,
        expires_at__gt=now,
    )
    generation, expires_at = claims.generation + 1, min(now + tokens.refresh_lifetime(), claims.ends_at)
    if current.update(generation=generation, rotated_at=Now(), expires_at=expires_at):
        if claims.generation % PRUNE_EVERY == 0:
            Session.objects.prune()
    else:
        session = find_alive(claims.session_id, claims.user_id)
        if not _is_in_grace(session, claims.generation):
            Session.objects.filter(pk=claims.session_id).end()
            raise AuthenticationFailed("The token was used before. The session has been ended.", "token_reused")
        generation, expires_at = session.generation, session.expires_at
    return tokens.make_pair(claims.user_id, claims.session_id, generation, expires_at, claims.ends_at)


def revoke(text: str) -> None:
    """Ends the session of a refresh token of any generation, if it has not ended. Raises AuthenticationFailed."""
    claims = _read(tokens.read_refresh, text)
    Session.objects.filter(pk=claims.session_id, user=claims.user_id).end()


def verify(text: str) -> None:
    """Raises AuthenticationFailed unless this is an access or a refresh token that would be accepted now."""
    claims = _read(tokens.read_any, text)
    session = find_alive(claims.session_id, claims.user_id)
    if isinstance(claims, RefreshClaims):
        is_current = claims.generation == session.generation
        if not is_current and not _is_in_grace(session, claims.generation):
            raise token_invalid()


def confirm(identity: Identity) -> None:
    """Raises AuthenticationFailed unless the session and the account of an access token still exist. One query."""
    find_alive(str(identity.session_id), identity.user_id)


def find_alive(session_id: UUID | str, user_id: str) -> Session:
    """Returns a session that has not ended, with its user. One query. Raises AuthenticationFailed."""
    session = _WITH_USER.first(DEFAULT_DB_ALIAS, UUID(str(session_id)), UUID(user_id))
    if session is not None and not session.user.is_active:
        raise AuthenticationFailed("The account is closed.", "account_closed")
    if session is None or not session.is_alive(timezone.now()):
        raise AuthenticationFailed("The session has ended.", "session_ended")
    return session


_WITH_USER = PreparedQuery(
    lambda session_id, user_id: (
        Session.objects.select_related("user").annotate(asked_at=Now()).filter(pk=session_id, user=user_id)
    )
)


def _is_in_grace(session: Any, generation: int) -> bool:
    """Whether this generation was the current one until GRACE ago.

    By the database's clock, because two tabs may have asked two processes whose clocks differ by more than that.
    """
    return generation == session.generation - 1 and session.asked_at - session.rotated_at <= GRACE


def _read(read: Callable[[str], T], text: str) -> T:
    """The claims of a token, with the errors as REST answers them."""
    try:
        return read(text)
    except ExpiredCredential:
        raise token_expired() from None
    except InvalidCredential:
        raise token_invalid() from None


def token_expired() -> AuthenticationFailed:
    return AuthenticationFailed("The token has expired.", "token_expired")


def token_invalid() -> AuthenticationFailed:
    return AuthenticationFailed("The token is not valid.", "token_invalid")


def _credentials_invalid() -> AuthenticationFailed:
    return AuthenticationFailed("E-mail address and password do not match an account.", "credentials_invalid")
