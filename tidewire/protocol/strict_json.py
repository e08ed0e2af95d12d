"""The JSON decoder of REST and sockets: every value that it accepts can be stored, listed and sent.

Python's own decoder accepts NaN, numbers of any size, lone surrogates, and nesting until the stack overflows. A lone
surrogate that is stored turns every list with it into a 500, and PostgreSQL refuses NUL in text. Therefore this decoder
refuses them all.
"""

from __future__ import annotations

import json
import re
from typing import Any, cast

MAX_DEPTH = 32
MAX_CONTAINERS = 20_000  # lists and objects in one text: an empty one takes 2 bytes in JSON and 64 in memory
MAX_INTEGER = 2**53 - 1  # what a JavaScript client can hold exactly

# A string without an end matches the rest of the text, and possessive quantifiers try no character twice. Otherwise a
# hostile text would be searched again from each of its quotes, and block the process for minutes.
_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


class JSONError(ValueError):
    """The text is not JSON that this server accepts. The message says why."""


class JSONRangeError(JSONError):
    """The text is JSON, and a number in it is outside what every client can hold exactly."""


def decode(text: str | bytes, max_bytes: int | None = None) -> Any:
    """Returns the value of a JSON text (UTF-8 if bytes). Raises JSONError."""
    if max_bytes is not None and _is_longer(text, max_bytes):
        raise JSONError(f"longer than {max_bytes} bytes")
    if isinstance(text, bytes):
        text = _as_text(text)
    check_depth(text)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise JSONError(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    _check_item(value)  # texts outside any object; those inside are checked already
    return value


def check_depth(text: str, max_depth: int = MAX_DEPTH) -> None:
    """Raises JSONError when brackets nest deeper than `max_depth`, or are more than MAX_CONTAINERS. Builds no value."""
    if text.count("[") + text.count("{") <= max_depth:
        return
    depth = containers = 0
    for match in _BRACKETS.finditer(text):
        if match[0] in "[{":
            depth += 1
            containers += 1
            if depth > max_depth:
                raise JSONError(f"nested deeper than {max_depth}")
            if containers > MAX_CONTAINERS:
                raise JSONError(f"more than {MAX_CONTAINERS} lists and objects")
        elif match[0] in "]}":
            depth -= 1


def _is_longer(text: str | bytes, max_bytes: int) -> bool:
    """Returns whether it takes more bytes in UTF-8. A character takes at most four, so few texts must be encoded."""
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
        raise JSONRangeError("an integer beyond ±(2^53 - 1); write it with a decimal point to have the nearest double")
    return int(digits)


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise JSONRangeError("a number that is too large for a double")
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
        for element in cast("list[Any]", item):
            _check_item(element)


def _check_text(text: str) -> None:
    if "\0" in text:
        raise JSONError("a text with a NUL character")
    if _SURROGATE.search(text):
        raise JSONError("a text with half a surrogate pair")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant, strict=True
)
