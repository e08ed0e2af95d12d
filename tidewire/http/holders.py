"""Which account a request counts for, before any view has seen it.

`TIDEWIRE["AUTHENTICATE"]` says whose a credential is. A credential that must be looked up (an API key) is known here
after its first accepted request: `remember_account`. Until then, and without a valid credential, a request counts for
its address.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from asgiref.typing import HTTPScope

from tidewire.ground.conf import conf
from tidewire.ground.credentials import ExpiredCredential, Identity, InvalidCredential, authenticate
from tidewire.ground.networks import network_of

MAX_REMEMBERED = 10_000
"""Looked-up credentials that a process remembers: about 2 MB."""


class _Accounts:
    """The accounts of the last MAX_REMEMBERED credentials, by a hash. Used from all threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._accounts: OrderedDict[bytes, str] = OrderedDict()

    def add(self, credential: str, account: str) -> None:
        with self._lock:
            self._accounts[_hashed(credential)] = account
            self._accounts.move_to_end(_hashed(credential))
            if len(self._accounts) > MAX_REMEMBERED:
                self._accounts.popitem(last=False)

    def get(self, credential: str) -> str | None:
        with self._lock:
            return self._accounts.get(_hashed(credential))


_accounts = _Accounts()


def remember_account(credential: str, account: str) -> None:
    """Makes later requests with this credential count for `account`, in this process.

    For a credential that AUTHENTICATE answers with a `LookUp`: call it when the look-up has succeeded. It gives no
    right, so it need not be taken back when the credential ends.
    """
    _accounts.add(credential, account)


def holder_of(scope: HTTPScope) -> str:
    """Returns whose share of the view places a request takes: `account:…` or `address:…`. Needs no query."""
    credential = _bearer(scope.get("headers", ()))
    account = _account_of(credential) if credential else None
    return f"account:{account}" if account else f"address:{network_of((scope.get('client') or ('',))[0])}"


def _account_of(credential: str) -> str | None:
    if not conf.AUTHENTICATE:
        return None
    try:
        found = authenticate(credential)
    except (InvalidCredential, ExpiredCredential):
        return None
    return found.user_id if isinstance(found, Identity) else _accounts.get(credential)


def _bearer(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Returns the credential of `Authorization: Bearer …`, or None."""
    for name, value in headers:
        if name == b"authorization":
            scheme, _, credential = value.partition(b" ")
            return credential.strip().decode("latin-1") if scheme.lower() == b"bearer" else None
    return None


def _hashed(credential: str) -> bytes:
    return hashlib.sha256(credential.encode()).digest()
