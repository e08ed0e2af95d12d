"""The text of an API key.

    tw_live_<id>_<secret><checksum>

Letters and digits only, so that a double click selects all of it. The checksum lets the server, and scanners for leaked
secrets, recognise a key without a query. The secret has 190 random bits, so a plain hash of it cannot be reversed.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import zlib
from uuid import UUID

PREFIX = "tw_"

_LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_ID, _SECRET, _SUM = 22, 32, 6
_KEY = re.compile(rf"tw_live_([0-9A-Za-z]{{{_ID}}})_[0-9A-Za-z]{{{_SECRET}}}([0-9A-Za-z]{{{_SUM}}})")


def mint(id: UUID) -> str:
    """Returns the text of a new key with this id."""
    secret = "".join(secrets.choice(_LETTERS) for _ in range(_SECRET))
    text = f"tw_live_{_base62(id.int, _ID)}_{secret}"
    return text + checksum(text)


def id_of(text: str) -> UUID | None:
    """Returns the id in a text that has the form and the checksum of a key, or None."""
    match = _KEY.fullmatch(text)
    if match is None or checksum(text[:-_SUM]) != match[2]:
        return None
    number = 0
    for letter in match[1]:
        number = number * 62 + _LETTERS.index(letter)
    return UUID(int=number) if number < 2**128 else None


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def checksum(text: str) -> str:
    return _base62(zlib.crc32(text.encode()), _SUM)


def _base62(number: int, width: int) -> str:
    letters = ""
    for _ in range(width):
        number, rest = divmod(number, 62)
        letters = _LETTERS[rest] + letters
    return letters
