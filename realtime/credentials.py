"""The credential of a socket: what `TIDEWIRE["AUTHENTICATE"]` and `TIDEWIRE["MAY_COMMAND"]` name."""

from __future__ import annotations

from api.auth import keys, quotas
from tidewire.credentials import Identity, LookUp


def authenticate(credential: str) -> Identity | LookUp:
    """Returns the identity behind an access token, or for an API key the look-up that finds it.

    Needs no query, so it may run in the event loop; the look-up asks one and must run in a thread. Raises
    ExpiredCredential or InvalidCredential.
    """
    return keys.authenticate(credential)


def may_command(identity: Identity) -> bool:
    """Counts one command of a socket against the quotas of its account and key, and returns whether it is allowed.

    Synchronous: the engine calls it in a thread.
    """
    return quotas.may_command(identity)
