"""One guarded JSON decoder for REST and sockets: what it lets through can be stored, listed and sent on.

Python's decoder takes NaN, numbers of any size, lone surrogates and nesting until the stack ends. A stored lone
surrogate turns every list that holds it into a 500, and PostgreSQL refuses NUL in text; so they are refused at the
door.
"""

from __future__ import annotations

import json
import re
from typing import Any

MAX_DEPTH = 32
MAX_INTEGER = 2**53 - 1  # what a JavaScript client can hold exactly

# A string that does not end takes all that is left, and nothing is tried twice (possessive quantifiers): a text made to
# be searched again from each of its quotes would otherwise hold the process for minutes.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class JSONError(ValueError):
    """The text is not JSON that this server accepts; the message says what is wrong with it."""


def decode(text: str | bytes, max_bytes: int | None = None) -> Any:
    """The value of a JSON text (UTF-8 if bytes). Raises JSONError."""
    if max_bytes is not None and _is_longer(text, max_bytes):
        raise JSONError(f"longer than {max_bytes} bytes")
    if isinstance(text, bytes):
        text = _as_text(text)
    check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JSONError(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    return value


def check_depth(text: str, max_depth: int = MAX_DEPTH) -> None:
    """Raises JSONError when brackets nest too deep, without building anything."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            if depth > max_depth:
                raise JSONError(f"nested deeper than {max_depth}")
        elif match[0] in "]}":
            depth -= 1


def _is_longer(text: str | bytes, max_bytes: int) -> bool:
    """Whether it takes more bytes than that. A character takes four at the most, so most texts need not be encoded."""
    if isinstance(text, bytes) or len(text) > max_bytes or 4 * len(text) <= max_bytes:
        return len(text) > max_bytes
    return len(text.encode("utf-8", "surrogatepass")) > max_bytes


def _as_text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise JSONError(f"not UTF-8: byte {error.start}") from None


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_INTEGER:
        raise JSONError("an integer beyond ±(2^53 - 1)")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JSONError("a number that is too large")
    return value


def _constant(name: str) -> None:
    raise JSONError(f"{name} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise JSONError("an object with the same key twice")
    for key, item in pairs:
        _check_text(key)
        _check_item(item)
    return value


def _check_item(item: Any) -> None:
    if isinstance(item, str):
        _check_text(item)
    elif isinstance(item, list):
        for element in item:
            _check_item(element)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise JSONError("a text with a NUL character")
    if _SURROGATE.search(text):
        raise JSONError("a text with half a surrogate pair")


class _Decoder(json.JSONDecoder):
    def decode(self, text: str) -> Any:
        value = super().decode(text)
        _check_item(value)  # values outside any object
        return value


_DECODER = _Decoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)
