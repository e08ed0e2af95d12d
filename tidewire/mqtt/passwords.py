"""Hashes of passwords as Mosquitto's password file holds them: `$7$iterations$salt$hash`, PBKDF2 with SHA-512.

The password is an API key, with 190 random bits. No number of iterations is needed to protect that: one is enough, and
keeps thousands of devices that sign in at once from costing the broker its processor.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

ITERATIONS = 1
_SALT_BYTES, _HASH_BYTES = 12, 64


def hashed(password: str) -> str:
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"$7${ITERATIONS}${_text(salt)}${_text(_derive(password, salt, ITERATIONS))}"


def is_password(password: str, stored: str) -> bool:
    """Returns whether `stored` is the hash of this password."""
    try:
        _, form, iterations, salt, digest = stored.split("$")
        derived = _derive(password, base64.b64decode(salt), int(iterations))
        return form == "7" and hmac.compare_digest(derived, base64.b64decode(digest))
    except ValueError:
        return False


def _derive(password: str, salt: bytes, iterations: int) -> bytes:
    return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, iterations, _HASH_BYTES)


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
