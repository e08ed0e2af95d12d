"""The language of queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.search.words import MAX_LENGTH, MAX_WORDS, Query, QueryError, parse, plain_text


@pytest.mark.parametrize(
    ("text", "wanted", "unwanted"),
    [
        ("a b", [("a",), ("b",)], []),
        ('"a b" c', [("a", "b"), ("c",)], []),
        ("a -b", [("a",)], [("b",)]),
        ('a -"b c"', [("a",)], [("b", "c")]),
        ("a-b", [("a", "b")], []),
        ("a --b", [("a",)], [("b",)]),
        ('a"b c"d', [("a",), ("b", "c"), ("d",)], []),
        ('"a b', [("a", "b")], []),
        ("A a", [("a",)], []),
        ("a OR b", [("a",), ("or",), ("b",)], []),
        ("a\0b", [("a", "b")], []),
    ],
)
def test_words_phrases_and_minus(text, wanted, unwanted):
    assert parse(text) == Query(tuple(wanted), tuple(unwanted))


@given(st.text(max_size=MAX_LENGTH + 20))
def test_any_text_is_a_query_or_is_refused(text):
    try:
        query = parse(text)
    except QueryError as error:
        query, code = None, error.code
    else:
        code = ""
    if query is None:
        assert code in ("max_length", "no_word", "too_many_words")
        return
    words = [word for phrase in query.wanted + query.unwanted for word in phrase]
    assert query.wanted
    assert 0 < len(words) <= MAX_WORDS
    assert all(word and plain_text(word) == word for word in words)


@given(st.text())
def test_plain_text_has_every_character_in_its_place(text):
    plain = plain_text(text)
    assert len(plain) == len(text)
    assert all(after == " " or after in (before, before.lower()) for before, after in zip(text, plain, strict=True))
