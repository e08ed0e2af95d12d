"""Public: what a function that checks credentials answers, and raises; see `TIDEWIRE["AUTHENTICATE"]`."""

from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, LookUp
from tidewire.log.revocations import is_alive, revoke_sessions

__all__ = ["ExpiredCredential", "Identity", "InvalidCredential", "LookUp", "is_alive", "revoke_sessions"]
