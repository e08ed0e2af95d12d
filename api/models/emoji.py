"""What counts as an emoji. No table of them, which would be old in a year: signs, and what joins signs."""

from __future__ import annotations

import unicodedata

MAX_POINTS = 8
MAX_BYTES = 32

_KEYCAP = "\N{COMBINING ENCLOSING KEYCAP}"
# Zero-width joiner, variation selectors; and the tags that spell the flags of regions.
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_TAGS = range(0xE0020, 0xE0080)
# Emoji that Unicode files under letters and punctuation.
_ODD_ONES = frozenset("\u203c\u2049\u2139\u3030")
# Where new emoji go: this Python may not know the ones of this year.
_PICTURES = range(0x1F000, 0x1FB00)


def is_emoji(text: str) -> bool:
    """Signs (at least one), each perhaps followed by modifiers, joined to one picture or standing side by side."""
    if not text or len(text) > MAX_POINTS or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return False
    if _is_keycap(text):
        return True
    return _is_sign(text[0]) and all(_is_sign(c) or c in _JOINERS or ord(c) in _TAGS for c in text)


def _is_keycap(text: str) -> bool:
    return text[0] in "0123456789#*" and text[1:].removeprefix("\ufe0f") == _KEYCAP


def _is_sign(character: str) -> bool:
    """Above Latin-1, only © and ® are below: `+` and `<` are signs, too."""
    if character in _ODD_ONES or ord(character) in _PICTURES:
        return True
    return (character > "\xff" or character in "©®") and unicodedata.category(character) in ("So", "Sm", "Sk")
