"""The language of queries: words, "phrases in quotes", and a minus sign before what must not be there.

Any text is a query. What is no letter, digit or mark separates words, in queries as in the texts that are searched, so
`foo-bar` is the phrase "foo bar". All words must be found, in any order.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

MAX_LENGTH = 200
"""Characters of a query."""
MAX_WORDS = 16
"""Words of a query: each is a list of rows that the database reads."""

_TERM = re.compile(r'(-*)(?:"([^"]*)(?:"|$)|([^\s"]+))')
"""A minus sign; then a phrase, whose last quote may be missing, or all up to the next blank or quote."""


class QueryError(ValueError):
    """A query that is not searched for. `code` is one for programs, the text is for people."""

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


class Query(NamedTuple):
    """Phrases of one word or more, in lower case: those that a row contains, and those that it must not contain."""

    wanted: tuple[tuple[str, ...], ...]
    unwanted: tuple[tuple[str, ...], ...]


def parse(text: str) -> Query:
    """Returns the query of a text. Raises QueryError when the text is too long, or has no word to look for."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"Ensure this value has at most {MAX_LENGTH} characters.", "max_length")
    wanted: list[tuple[str, ...]] = []
    unwanted: list[tuple[str, ...]] = []
    for sign, quoted, plain in _TERM.findall(text):
        phrase = tuple(plain_text(quoted or plain).split())
        found = unwanted if sign else wanted
        if phrase and phrase not in found:
            found.append(phrase)
    if not wanted:
        raise QueryError("Must have a word to look for.", "no_word")
    if sum(map(len, wanted + unwanted)) > MAX_WORDS:
        raise QueryError(f"Ensure this value has at most {MAX_WORDS} words.", "too_many_words")
    return Query(tuple(wanted), tuple(unwanted))


def plain_text(text: str) -> str:
    """Returns the text in lower case, with a blank in the place of all that separates words. Its length is the same."""
    return "".join(_lower(each) if _is_of_word(each) else " " for each in text)


def _is_of_word(each: str) -> bool:
    return each.isalnum() or unicodedata.category(each)[0] == "M"


def _lower(each: str) -> str:
    lower = each.lower()
    return lower if len(lower) == 1 else each
