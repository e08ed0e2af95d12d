"""API keys as credentials: from the text of a key to its identity."""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone

from api.auth import key_bindings
from api.models import Key, User, key_text
from tidewire import Actor
from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

USE_NOTED_EVERY = timedelta(minutes=10)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class KeyIdentity(Identity):
    """The identity of an API key. `binding` is the one stream that the key is bound to, or "" when it is not bound."""

    scopes: frozenset[str] = frozenset()
    binding: str = ""


def find_key(text: str) -> Key:
    """Returns the key with this text, with its user. Raises InvalidCredential or ExpiredCredential.

    One query; some more once in USE_NOTED_EVERY, when the use is noted and the maker of a bound key is looked at.
    """
    id = key_text.id_of(text)
    key = Key.objects.select_related("user", "made_by").filter(pk=id).first() if id else None
    if key is None or not hmac.compare_digest(key.hashed, key_text.hashed(text)):
        raise InvalidCredential
    if key.ended_at is not None or not key.user.is_active:
        raise InvalidCredential
    return _in_use(key, text)


def find_key_by_id(id: str) -> Key:
    """Returns the key as which a client is signed in at another server, a broker of MQTT or a node of Centrifugo, whose
    text was compared there. Raises as `find_key`."""
    try:
        key = Key.objects.select_related("user", "made_by").get(pk=UUID(id), ended_at=None, user__is_active=True)
    except (ValueError, Key.DoesNotExist):
        raise InvalidCredential from None
    return _in_use(key, "")


def _in_use(key: Key, text: str) -> Key:
    """Returns a key that is neither revoked nor expired, and notes its use. Raises as `find_key`."""
    now = timezone.now()
    if key.is_expired(now):
        raise ExpiredCredential
    if key.used_at is None or now - key.used_at > USE_NOTED_EVERY or (text and not key.broker_hash):
        if key.stream and not key_bindings.has_owner(key):
            key.revoke()
            raise InvalidCredential
        _note_use(key, now, text)
    return key


def identity_of(key: Key) -> KeyIdentity:
    scopes = frozenset(key.scopes)
    readable = frozenset({key.stream}) if key.stream else None
    return KeyIdentity(
        user_id=str(key.user_id),
        expires_at=key.expires_at.timestamp() if key.expires_at else None,
        session_id=str(key.pk),
        streams=readable if "streams:read" in scopes else frozenset(),
        may_publish="streams:write" in scopes,
        is_renewable=False,
        kind="key",
        scopes=scopes,
        binding=key.stream,
    )


def actor_of(user: User) -> Actor:
    return Actor("service" if user.is_service else "user", str(user.pk))


def _note_use(key: Key, now: datetime, text: str) -> None:
    try:
        key.note_use(now, text)
    except DatabaseError as error:  # a request that only reads must not fail because the database is busy
        logger.info("cannot note the use of a key: %s", error)
