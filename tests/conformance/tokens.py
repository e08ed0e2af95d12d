"""HS256 with the secret that all the suites use. No token, or one without `sub`, is an anonymous user's."""

from __future__ import annotations

from typing import Any

import jwt

from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

SECRET = "secret"


def claims_of(token: str) -> dict[str, Any]:
    """Raises InvalidCredential or ExpiredCredential."""
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False, "verify_iat": False})
    except jwt.ExpiredSignatureError:
        raise ExpiredCredential from None
    except jwt.InvalidTokenError:
        raise InvalidCredential from None


def authenticate(credential: str) -> Identity:
    """Of a connection. A token for a channel is not one."""
    claims = claims_of(credential) if credential else {}
    if "channel" in claims:
        raise InvalidCredential
    return Identity(str(claims.get("sub", "")), expires_at=claims.get("exp"))
