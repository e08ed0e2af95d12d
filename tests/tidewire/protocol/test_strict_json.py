"""Values that the decoder accepts can be stored, listed and sent. Everything else is refused with a message."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidewire.protocol.strict_json import MAX_DEPTH, MAX_INTEGER, JSONError, check_depth, decode

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(-MAX_INTEGER, MAX_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, database=None)
@given(values)
def test_ordinary_values_are_decoded_unchanged(value):
    text = json.dumps(value)
    assert decode(text) == decode(text.encode()) == decode(json.dumps(value, ensure_ascii=False)) == value


@settings(deadline=None, database=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_other_texts_raise_json_error(junk):
    try:
        value = decode(junk)
    except JSONError:
        return
    assert decode(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expecting value"),
        ("{", "Expecting property name"),
        ("[1,]", "Expecting value"),
        ("{} {}", "Extra data"),
        ("{'a': 1}", "Expecting property name"),
        ('{"a": 1, "a": 2}', "same key twice"),
        ('{"a": {"b": 1, "b": 1}}', "same key twice"),
        ("NaN", "NaN is not JSON"),
        ("[Infinity]", "Infinity is not JSON"),
        ("-Infinity", "-Infinity is not JSON"),
        ("1e999", "too large"),
        ("-1e999", "too large"),
        (str(MAX_INTEGER + 1), "2^53"),
        (str(-MAX_INTEGER - 1), "2^53"),
        ("1" * 5000, "2^53"),
        ('"\\ud800"', "surrogate"),
        ('["\\udfff"]', "surrogate"),
        ('{"\\ud800": 1}', "surrogate"),
        ('{"a": ["\\ud800\\ud800"]}', "surrogate"),
        ('"a\\u0000b"', "NUL"),
        ('{"\\u0000": 1}', "NUL"),
        ('{"a": [["\\u0000"]]}', "NUL"),
        ('"a\nb"', "Invalid control character"),
        ("\ufeff{}", "Expecting value"),
        ("[" * 10, "Expecting value"),
    ],
)
def test_the_error_says_what_is_wrong(text, message):
    with pytest.raises(JSONError, match=message.replace("^", r"\^")):
        decode(text)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b'"\xff"', "not UTF-8: byte 1"), ("{}".encode("utf-16"), "not UTF-8"), (b"\xef\xbb\xbf{}", "Expecting value")],
)
def test_bytes_are_utf_8(data, message):
    with pytest.raises(JSONError, match=message):
        decode(data)


def test_a_pair_of_surrogates_is_one_character():
    assert decode('"\\ud83d\\ude00"') == "😀"


def test_the_largest_integers_are_exact():
    assert decode(f"[{MAX_INTEGER}, -{MAX_INTEGER}]") == [MAX_INTEGER, -MAX_INTEGER]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded(opening, closing):
    assert decode(opening * MAX_DEPTH + "1" + closing * MAX_DEPTH)
    with pytest.raises(JSONError, match="nested deeper than 32"):
        decode(opening * (MAX_DEPTH + 1) + "1" + closing * (MAX_DEPTH + 1))


def test_depth_that_would_exhaust_the_stack_is_refused():
    with pytest.raises(JSONError, match="nested deeper"):
        decode("[" * 100_000)


@pytest.mark.parametrize("text", ['"' + "[" * 100 + '"', '["' + "{" * 50 + '\\"' + "[" * 50 + '"]', "[[],[],[]]" * 20])
def test_brackets_in_strings_and_beside_each_other_do_not_count_as_depth(text):
    check_depth(text)


@pytest.mark.parametrize("text", ['"' * 500_001, '"' + '\\"' * 500_000, '"' + "\\\\" * 500_000, "\\" * 500_000])
def test_a_text_of_strings_without_an_end_is_searched_once(text):
    """Each of these took minutes when every quote was tried as the beginning of a string."""
    check_depth("[" * 33 + "]" * 33 + text, max_depth=33)


@pytest.mark.parametrize("text", ['"aaaa"', b'"aaaa"'])
def test_length_is_bounded(text):
    assert decode(text, max_bytes=6) == "aaaa"
    with pytest.raises(JSONError, match="longer than 5 bytes"):
        decode(text, max_bytes=5)


def test_a_length_in_bytes_is_counted_in_bytes():
    with pytest.raises(JSONError, match="longer than 5 bytes"):
        decode('"éé"', max_bytes=5)
