"""The language of queries: words, "phrases in quotes", and a minus sign before what must not be there.

Any text is a query. What is no letter, digit or mark separates words, in queries as in the texts that are searched, so
`foo-bar` is the phrase "foo bar". All words must be found, in any order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
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
    """Phrases of one word or more, each once: those that a row contains, and those that it must not contain. Their
    letters are as they were written."""

    wanted: tuple[tuple[str, ...], ...]
    unwanted: tuple[tuple[str, ...], ...]


def parse(text: str) -> Query:
    """Returns the query of a text. Raises QueryError when the text is too long, or has no word to look for."""
    if len(text) > MAX_LENGTH:
        raise QueryError(f"Ensure this value has at most {MAX_LENGTH} characters.", "max_length")
    wanted: dict[str, tuple[str, ...]] = {}
    unwanted: dict[str, tuple[str, ...]] = {}
    for sign, quoted, plain in _TERM.findall(text):
        phrase = tuple(_separated(quoted or plain).split())
        if phrase:
            (unwanted if sign else wanted).setdefault(plain_text(" ".join(phrase)), phrase)
    if not wanted:
        raise QueryError("Must have a word to look for.", "no_word")
    if sum(map(len, [*wanted.values(), *unwanted.values()])) > MAX_WORDS:
        raise QueryError(f"Ensure this value has at most {MAX_WORDS} words.", "too_many_words")
    return Query(tuple(wanted.values()), tuple(unwanted.values()))


def spellings(query: Query) -> list[Query]:
    """Returns the query in lower case, in each of the spellings that count as one; nearly always it is one.

    A text may hold `é` as one character or as two, whatever a keyboard writes. And where the database's locale is C,
    texts were put into lower case as words, in which the last sigma has a form of its own and `İ` becomes two
    characters; elsewhere letter by letter.
    """
    return list(dict.fromkeys(_spelled(_spelled(query, form), lower) for form in _FORMS for lower in _LOWER))


def quoted(phrases: Sequence[Sequence[str]]) -> list[str]:
    """Returns phrases as both databases write them. A word holds no quote."""
    return [f'"{" ".join(phrase)}"' for phrase in phrases]


def plain_text(text: str) -> str:
    """Returns the text in lower case, with a blank in the place of all that separates words. Its length is the same."""
    return _letters(_separated(text))


def _spelled(query: Query, spell: Callable[[str], str]) -> Query:
    return Query(*(tuple(tuple(map(spell, phrase)) for phrase in phrases) for phrases in query))


def _separated(text: str) -> str:
    return "".join(each if _is_of_word(each) else " " for each in text)


def _is_of_word(each: str) -> bool:
    return each.isalnum() or unicodedata.category(each)[0] == "M"


def _composed(word: str) -> str:
    return unicodedata.normalize("NFC", word)


def _decomposed(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def _letters(text: str) -> str:
    """Returns the text in lower case, letter by letter, so that its length is the same."""
    return "".join(lower if len(lower := each.lower()) == 1 else each for each in text)


_FORMS: tuple[Callable[[str], str], ...] = (str, _composed, _decomposed)
_LOWER: tuple[Callable[[str], str], ...] = (_letters, str.lower)
