"""Which texts are emoji. Recognised by character categories, because a table would be out of date in a year."""

from __future__ import annotations

import re
import unicodedata

MAX_POINTS = 10
"""Code points of the longest emoji there are: two people of two skin colours who kiss."""
MAX_BYTES = 40
MAX_STORED = 2 * MAX_POINTS
"""Code points of the canonical spelling: at most one variation selector is added to each."""

_TEXT_STYLE, _EMOJI_STYLE = "\ufe0e", "\ufe0f"
_SKIN_COLOURS = range(0x1F3FB, 0x1F400)
# Shown as text unless a variation selector follows: Emoji=Yes and Emoji_Presentation=No in Unicode's emoji-data.txt.
# New emoji are not of this kind, so the table does not age.
_NEEDS_STYLE = re.compile(
    "[#*0-9\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u2328\u23cf\u23ed-\u23ef\u23f1\u23f2\u23f8-\u23fa"
    "\u24c2\u25aa\u25ab\u25b6\u25c0\u25fb\u25fc\u2600-\u2604\u260e\u2611\u2618\u261d\u2620\u2622\u2623\u2626\u262a\u262e\u262f"
    "\u2638-\u263a\u2640\u2642\u265f\u2660\u2663\u2665\u2666\u2668\u267b\u267e\u2692\u2694-\u2697\u2699\u269b\u269c\u26a0\u26a7"
    "\u26b0\u26b1\u26c8\u26cf\u26d1\u26d3\u26e9\u26f0\u26f1\u26f4\u26f7-\u26f9\u2702\u2708\u2709\u270c\u270d\u270f\u2712\u2714\u2716"
    "\u271d\u2721\u2733\u2734\u2744\u2747\u2763\u2764\u27a1\u2934\u2935\u2b05-\u2b07\u3030\u303d\u3297\u3299"
    "\U0001f170\U0001f171\U0001f17e\U0001f17f\U0001f202\U0001f237\U0001f321\U0001f324-\U0001f32c\U0001f336\U0001f37d"
    "\U0001f396\U0001f397\U0001f399-\U0001f39b\U0001f39e\U0001f39f\U0001f3cb-\U0001f3ce\U0001f3d4-\U0001f3df\U0001f3f3"
    "\U0001f3f5\U0001f3f7\U0001f43f\U0001f441\U0001f4fd\U0001f549\U0001f54a\U0001f56f\U0001f570\U0001f573-\U0001f579\U0001f587"
    "\U0001f58a-\U0001f58d\U0001f590\U0001f5a5\U0001f5a8\U0001f5b1\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4"
    "\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3\U0001f5fa\U0001f6cb"
    "\U0001f6cd-\U0001f6cf\U0001f6e0-\U0001f6e5\U0001f6e9\U0001f6f0\U0001f6f3]"
)

_KEYCAP = "\N{COMBINING ENCLOSING KEYCAP}"
# The zero-width joiner, the variation selectors, and the tags in the flags of regions.
_JOINERS = frozenset("\u200d\ufe0e\ufe0f")
_TAGS = range(0xE0020, 0xE0080)
# Emoji that Unicode files under letters and punctuation.
_ODD_ONES = frozenset("\u203c\u2049\u2139\u3030")
# Unicode adds new emoji here, and this Python may not know the newest.
_PICTURES = range(0x1F000, 0x1FB00)


def is_emoji(text: str) -> bool:
    """Returns whether a text is one emoji or a few side by side: signs, with modifiers and joiners after the first."""
    if not text or len(text) > MAX_POINTS or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        return False
    if _is_keycap(text):
        return True
    return _is_sign(text[0]) and all(_is_sign(c) or c in _JOINERS or ord(c) in _TAGS for c in text)


def canonical_emoji(text: str) -> str:
    """Return the one spelling under which an emoji is stored, found and shown.

    Keyboards send the same emoji with and without a variation selector. Unicode's fully-qualified form has U+FE0F after
    each character that is otherwise shown as text, unless a skin colour follows.
    """
    bare = unicodedata.normalize("NFC", text).replace(_TEXT_STYLE, "").replace(_EMOJI_STYLE, "")
    spelt = []
    for index, character in enumerate(bare):
        spelt.append(character)
        following = bare[index + 1 : index + 2]
        is_coloured = following != "" and ord(following) in _SKIN_COLOURS
        if _NEEDS_STYLE.match(character) and not is_coloured:
            spelt.append(_EMOJI_STYLE)
    return "".join(spelt)


def _is_keycap(text: str) -> bool:
    return text[0] in "0123456789#*" and text[1:].removeprefix("\ufe0f") == _KEYCAP


def _is_sign(character: str) -> bool:
    """Whether a character is a symbol. Of Latin-1 only © and ® are: `+` and `<` have the same category."""
    if character in _ODD_ONES or ord(character) in _PICTURES:
        return True
    return (character > "\xff" or character in "©®") and unicodedata.category(character) in ("So", "Sm", "Sk")
