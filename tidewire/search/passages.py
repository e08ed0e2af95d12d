"""Where a query's words stand in a text: a passage of it, as HTML with marks.

The database finds the words, by the same rules as it searches. It is given the text in plain words (`plain_text`), in
which every character has the place that it has in the text, and which holds no sign that could be taken for a mark.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections

from tidewire.search.indexes import text_configurations
from tidewire.search.sqlite import tokenizer
from tidewire.search.words import Query, plain_text, quoted, spellings

MARK, END_OF_MARK = "<mark>", "</mark>"
"""All else in a passage is escaped, so these are the only tags in it."""
PASSAGE = "highlight"
"""The name of the passage in a row that was found."""
LENGTH = 240
"""Characters of a passage."""
BEFORE = 60
"""Characters before the first mark of a passage that is cut."""
CUT = "…"

_START, _STOP = "<", ">"
_MARKED = re.compile(f"{_START}|{_STOP}")
_HEADLINES = (
    "SELECT place, ts_headline('{name}', text, websearch_to_tsquery('{name}', %s), "
    "'HighlightAll=true, StartSel=<, StopSel=>') "
    "FROM unnest(%s::text[]) WITH ORDINALITY texts(text, place)"
)


class Span(NamedTuple):
    """The characters of a text that are marked."""

    start: int
    end: int


def passages(query: Query, texts: Sequence[str], using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Returns for each text a passage with its first words that were found, as HTML."""
    spans: list[set[Span]] = [set() for _ in texts]
    plain = [plain_text(text) for text in texts]
    marked = _marked_by_sqlite if connections[using].vendor == "sqlite" else _marked_by_postgresql
    for place, text in marked(query, plain, using) if any(texts) else ():
        spans[place].update(_spans(text))
    return [_passage(text, _joined(found)) for text, found in zip(texts, spans, strict=True)]


def _phrases(query: Query) -> list[str]:
    return list(dict.fromkeys(phrase for each in spellings(query) for phrase in quoted(each.wanted)))


def _marked_by_postgresql(query: Query, texts: list[str], using: str) -> Iterator[tuple[int, str]]:
    statement = " UNION ALL ".join(_HEADLINES.format(name=name) for name in text_configurations())
    words = " or ".join(_phrases(query))
    with connections[using].cursor() as cursor:
        cursor.execute(statement, [words, texts] * len(text_configurations()))
        yield from ((place - 1, text) for place, text in cursor.fetchall())


def _marked_by_sqlite(query: Query, texts: list[str], using: str) -> Iterator[tuple[int, str]]:
    """Searches in an index of these texts only, in memory."""
    words = " OR ".join(_phrases(query))
    memory = sqlite3.connect(":memory:")
    try:
        memory.execute(f'CREATE VIRTUAL TABLE texts USING fts5(text, tokenize="{tokenizer()}")')
        memory.executemany("INSERT INTO texts (rowid, text) VALUES (?, ?)", enumerate(texts))
        yield from memory.execute(
            "SELECT rowid, highlight(texts, 0, ?, ?) FROM texts WHERE texts MATCH ?", (_START, _STOP, words)
        )
    finally:
        memory.close()


def _spans(marked: str) -> Iterator[Span]:
    """Yields what lies between the two signs. Its places are those of the text without signs."""
    start = 0
    for number, sign in enumerate(_MARKED.finditer(marked)):
        if sign[0] == _START:
            start = sign.start() - number
        else:
            yield Span(start, sign.start() - number)


def _joined(spans: set[Span]) -> list[Span]:
    """Returns the spans in order. Those that overlap are one."""
    joined: list[Span] = []
    for span in sorted(spans):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return joined


def _passage(text: str, spans: list[Span]) -> str:
    """Returns the part of a text around the first span, escaped, with all spans in it marked."""
    start = 0
    if len(text) > LENGTH and spans:
        start = max(0, min(spans[0].start - BEFORE, len(text) - LENGTH))
    end = min(len(text), start + LENGTH)
    parts, place = [CUT if start else ""], start
    for span in spans:
        if span.start >= end:
            break
        parts += [escape(text[place : span.start]), MARK, escape(text[span.start : min(span.end, end)]), END_OF_MARK]
        place = min(span.end, end)
    return "".join([*parts, escape(text[place:end]), CUT if end < len(text) else ""])
