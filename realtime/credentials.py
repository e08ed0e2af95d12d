"""The credential of a socket: what `TIDEWIRE["AUTHENTICATE"]` and `TIDEWIRE["MAY_COMMAND"]` name."""

from __future__ import annotations

from api.auth import keys, quotas, tokens
from api.models import key_text
from tidewire.credentials import Identity, InvalidCredential, LookUp


def authenticate(credential: str) -> Identity | LookUp:
    """Returns the identity of an access token, or for an API key the look-up that finds it.

    Needs no query, so it may run in the event loop. The look-up needs one, and runs in a thread. Both raise
    ExpiredCredential or InvalidCredential.
    """
    if not credential.startswith(key_text.PREFIX):
        return tokens.authenticate(credential)
    if key_text.id_of(credential) is None:
        raise InvalidCredential
    return lambda: keys.identity_of(keys.find_key(credential))


def may_command(identity: Identity) -> bool:
    """Counts one command of a socket against the quotas of its account and key, and returns whether they allow it.

    May wait for Redis: the engine calls it in a thread.
    """
    return quotas.may_command(identity)
