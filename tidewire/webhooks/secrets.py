"""Secrets of endpoints: `whsec_` and 32 random bytes in base64, as Standard Webhooks writes them.

A signature needs the secret itself, so a hash of it cannot be stored. It is stored sealed (Fernet: AES and HMAC) with a
key that is derived from SECRET_KEY: a copy of the database alone reveals no secret. Secrets that an earlier SECRET_KEY
has sealed are opened with SECRET_KEY_FALLBACKS, and sealed anew by a chore.
"""

from __future__ import annotations

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "whsec_"
SECRET_BYTES = 32


class SealError(Exception):
    """A secret was sealed with a key that is no longer known."""


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> str:
    """Returns the secret, encrypted with the present SECRET_KEY."""
    return _keys().encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Returns what was sealed. Raises SealError."""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise SealError("sealed with a SECRET_KEY that is in neither SECRET_KEY nor SECRET_KEY_FALLBACKS") from None


def is_sealed_anew(sealed: str) -> bool:
    """Returns whether the present SECRET_KEY has sealed it."""
    try:
        _fernet(settings.SECRET_KEY).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _keys() -> MultiFernet:
    return MultiFernet([_fernet(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(f"tidewire.webhooks.{key}".encode()).digest()))
