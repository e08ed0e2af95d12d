"""The language of queries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.search.words import MAX_LENGTH, MAX_WORDS, Query, QueryError, parse, plain_text, spellings


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
        ("A a", [("A",)], []),
        ("a OR b", [("a",), ("OR",), ("b",)], []),
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
    assert all(word and plain_text(word).split() == [plain_text(word)] for word in words)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Ship -Tug", [Query((("ship",),), (("tug",),))]),
        ("caf\u00e9", ["caf\u00e9", "cafe\u0301"]),
        ("cafe\u0301", ["cafe\u0301", "caf\u00e9"]),
        ("ΟΔΟΣ", ["οδοσ", "οδος"]),
        ("\u0130", ["\u0130", "i\u0307"]),
    ],
)
def test_a_query_is_looked_for_in_each_of_its_spellings(text, spelled):
    found = [each if isinstance(each, Query) else Query(((each,),), ()) for each in spelled]
    assert spellings(parse(text)) == found


@given(st.text())
def test_plain_text_has_every_character_in_its_place(text):
    plain = plain_text(text)
    assert len(plain) == len(text)
    assert all(after == " " or after in (before, before.lower()) for before, after in zip(text, plain, strict=True))
