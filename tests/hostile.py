"""Values that often break servers: most are bad input, some only look bad.

VALUES are JSON texts to put in place of a field's value. Some are not JSON, some are JSON that libraries read
differently, some are good texts that are known to break databases, logs or pages. BODIES are whole request bodies.
TEXTS are for paths, queries and headers.
"""

from __future__ import annotations

import json

# -- texts: all of them are allowed ----------------------------------------------------------------------------------

_CONTROLS = [chr(code) for code in range(1, 32)] + [chr(code) for code in range(0x7F, 0xA0)]
_SPACES = [chr(code) for code in (0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)]
_INVISIBLE = [chr(code) for code in (0xAD, 0x34F, 0x61C, *range(0x200B, 0x2010), *range(0x202A, 0x202F))]
_INVISIBLE += [chr(code) for code in (*range(0x2060, 0x206A), 0xFEFF, 0xFFF9, 0xE0001, 0xE0041)]
_ODD = ["\ufffe", "\uffff", "\ufffd", "\U0001fffe", "\U0010ffff", "\ue000", "\U000f0000", "\u0378", "\ud7ff", "\ufdd0"]
_WRITING = [
    "é",
    "e\u0301",
    "ﬁ",
    "Å",
    "İi̇ıI",
    "ßẞ",
    "ﷺ" * 50,
    "ا" * 100,
    "שלום עולם",
    "١٢٣",
    "１２３",
    "Ⅷ",
    "𝕳𝖊𝖑𝖑𝖔",
    "раypal",
    "Z" + "\u0336\u0489" * 200,
    "👨‍👩‍👧‍👦" * 20,
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "\u202emoc.elpmaxe",
    "한" * 1000,
    "\u1100\u1161\u11a8",
]
_ATTACKS = [
    "'",
    '"',
    "\\",
    "`",
    ";",
    "--",
    "/*",
    "%",
    "_",
    "%%",
    "%s",
    "%n%n%n",
    "%(x)s",
    "{}",
    "{0}",
    "{0.__class__}",
    "{{7*7}}",
    "${7*7}",
    "#{7*7}",
    "{% debug %}",
    "<%= 7*7 %>",
    "' OR '1'='1",
    "'; DROP TABLE api_message; --",
    "1) UNION SELECT password FROM api_user --",
    "\\'; SELECT pg_sleep(5); --",
    "$$",
    "?",
    ":name",
    "@@version",
    "E'\\x00'",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "<!--",
    "]]>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "../../etc/passwd",
    "..\\..\\windows",
    "/etc/passwd",
    "file:///etc/passwd",
    "http://169.254.169.254/",
    "\r\nX-Injected: yes",
    "a\nb",
    "a\r\n.\r\n",
    "$(reboot)",
    "`reboot`",
    "| cat /etc/passwd",
    "&& true",
    "*)(uid=*",
    "' or count(/*)=1 or 'a'='b",
    "__proto__",
    "constructor",
    "__class__",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "@SUM(1)",
    "\x1b[31mred\x1b[0m",
    "(a+)+$",
    "a" * 50 + "!",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    "eyJhbGciOiJub25lIn0.e30.",
    "tw_live_0000",
    "AAAA" * 100,
    "rO0ABXNyABFqYXZhLnV0aWwu",
    "gASVIAAAAAAAAACMBXBvc2l4lIwGc3lzdGVtlJOU",
]
_LOOKALIKES = [
    "null",
    "undefined",
    "None",
    "nil",
    "NaN",
    "Infinity",
    "-Infinity",
    "true",
    "false",
    "0",
    "-1",
    "1e309",
    "0x10",
    "1_000",
    "9" * 400,
    "1" * 5000,
    "2026-02-30",
    "2026-01-01T00:00:00Z",
    "0000-00-00",
    "[]",
    "{}",
    '{"a": 1}',
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "ffffffff-ffff-7fff-bfff-ffffffffffff0",
    "00000000000070008000000000000000",
    "{00000000-0000-7000-8000-000000000000}",
    "urn:uuid:00000000-0000-7000-8000-000000000000",
    "00000000-0000-7000-8000-00000000000g",
    "00000000-0000-7000-8000-000000000000\n",
    "00000000-0000-4000-8000-000000000000",
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "room:*",
    "*",
    "revocations:all",
    "a@b",
    "@",
    "a@@b.example",
    "a@b.example\n",
    "a@[127.0.0.1]",
    '"a b"@example.com',
    "ä@exämple.com",
    "a" * 300 + "@example.com",
    "a@" + "b" * 300 + ".example",
    "<a@b.example>",
    "a@b.example, c@d.example",
]
_LONG = ["", " ", "   ", "\t\r\n", "x" * 101, "x" * 255, "x" * 4001, "x" * 65_536, "x " * 1_200, "⚓" * 30_000]
GOOD_TEXTS = [*_CONTROLS, *_SPACES, *_INVISIBLE, *_ODD, *_WRITING, *_ATTACKS, *_LOOKALIKES, *_LONG]

# -- other JSON ------------------------------------------------------------------------------------------------------

_OTHER = [
    "null", "true", "false", "0", "-0", "-0.0", "1", "-1", "0.1", "1e2", "1E+2", "2147483647", "2147483648",
    "4294967296", "9007199254740991", "-9007199254740991", "1e308", "-1e308", "5e-324", "1e-400", "[]", "{}", "[null]",
    "[[]]", "[{}]", '[""]', '[0]', "[true]", '["x","x"]', '{"":""}', '{"id":1}', '{"$ne":null}', '{"$gt":""}',
    '{"__proto__":{"a":1}}', '{"constructor":{}}', '{"length":1}', '{"0":"x"}', '[["x"]]', "[" * 20 + "]" * 20,
    '{"a":' * 20 + "1" + "}" * 20, json.dumps(list(range(1000))), json.dumps({str(n): n for n in range(1000)}),
    json.dumps(["00000000-0000-7000-8000-000000000000"] * 30),
]  # fmt: skip

# -- not JSON, or JSON that we refuse -------------------------------------------------------------------------------

_REFUSED = [
    "", "NaN", "Infinity", "-Infinity", "nan", "1e999", "-1e999", "1e400", "9007199254740992", "-9007199254740992",
    "9223372036854775808", "18446744073709551616", "1" * 400, "9" * 5000, "-" + "9" * 5000, "01", "+1", ".5", "1.",
    "0x10", "1_000", "'x'", "undefined", "None", "True", "x", '"x', 'x"', "[1,]", '{"a":1,}', "[1", "]", "{1:2}",
    '{"a"}', "1 2", "//", "/* x */ 1", '"\\x41"', '"\\u12"', '"\\u{1F600}"', '"\\ud800"', '"\\udfff"', '"a\\udc00b"',
    '"\\udc00\\ud800"', '"\\ud83d"', '["\\ud800"]', '{"\\ud800":1}', '"\\u0000"', '"a\\u0000b"', '["\\u0000"]',
    '{"a\\u0000":1}', '{"a":{"b":["\\u0000"]}}', '"a\nb"', '"a\tb"', '"\x01"', '"\x00"', '{"a":1,"a":2}',
    '{"b":{"a":1,"a":2}}', '[{"a":1,"a":1}]', "[" * 33 + "]" * 33, '{"a":' * 40 + "1" + "}" * 40, "[" * 1000,
    "[" * 100_000, '{"a":' * 20_000, "[" * 5000 + "]" * 5000, '"\ufeff', "\ufeff1", "\u00a01",
]  # fmt: skip

GOOD_VALUES = [
    *(json.dumps(text) for text in GOOD_TEXTS),
    *(json.dumps(t, ensure_ascii=False) for t in _WRITING),
    *_OTHER,
]
REFUSED_VALUES = _REFUSED
VALUES = [*GOOD_VALUES, *REFUSED_VALUES]

BODIES: list[bytes] = [
    b"\xff",
    b"\xfe\xff\x00{\x00}",
    "{}".encode("utf-16"),
    "{}".encode("utf-32"),
    b"\xef\xbb\xbf{}",
    b'{"a": "\xc0\x80"}',
    b'{"a": "\xed\xa0\x80"}',
    b'{"a": "\xf5\x80\x80\x80"}',
    b'{"a": "\xe2\x82"}',
    b'{"a": "\x80"}',
    b"\x00",
    b"{}\x00",
    b"{} {}",
    b"{}{}",
    b"[]",
    b"5",
    b'"x"',
    b"null",
    b"true",
    b"a=b&c=d",
    b"<a/>",
    b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\nb\r\n--x--",
    b'{"a": ' + b"x" * 300_000 + b"}",
    b" " * 300_000,
    json.dumps({str(n): n for n in range(20_000)}).encode(),
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
]

TEXTS = [
    *GOOD_TEXTS,
    *("\0", "a\0b", "%00", "%ff", "%ED%A0%80", "%c0%80", "%", "%2", "%zz", "+", "&", "=", "#", "..", ".", "//", "\\"),
]
