"""Public: what the function that TIDEWIRE["AUTHENTICATE"] names returns and raises; and the end of sessions."""

from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp
from tidewire.http.holders import remember_account
from tidewire.log.revocations import is_alive, is_remembered, revoke_sessions

__all__ = [
    "ExpiredCredential",
    "Identity",
    "InvalidCredential",
    "LookUp",
    "is_alive",
    "is_remembered",
    "remember_account",
    "revoke_sessions",
]
