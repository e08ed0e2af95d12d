"""HS256 tokens, signed with the secret of the suites. Without a token, or without `sub`, the user is anonymous."""

from __future__ import annotations

from typing import Any

import jwt

from tidewire.credentials import ExpiredCredential, Identity, InvalidCredential

SECRET = "secret"


class SuiteIdentity(Identity):
    """An identity whose token may stand in an address: the tokens of the suites never end, and the reference server
    takes them there."""

    __slots__ = ()
    is_short_lived = True


def claims_of(token: str) -> dict[str, Any]:
    """Returns the claims of a token. Raises InvalidCredential or ExpiredCredential."""
    try:
        return jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_aud": False, "verify_iat": False})
    except jwt.ExpiredSignatureError:
        raise ExpiredCredential from None
    except jwt.InvalidTokenError:
        raise InvalidCredential from None


def authenticate(credential: str) -> Identity:
    """Returns the identity of a connection. Raises InvalidCredential, also for the token of a channel."""
    claims = claims_of(credential) if credential else {}
    if "channel" in claims:
        raise InvalidCredential
    return SuiteIdentity(str(claims.get("sub", "")), expires_at=claims.get("exp"))
