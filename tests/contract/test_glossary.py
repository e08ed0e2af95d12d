"""Refuses the words that docs/glossary.md retires, in names and in prose.

Names are what our own code binds: modules, classes, functions, parameters, variables, attributes and settings. Names
that we only use are a library's. Prose is docstrings, comments and pages. Each failure lists file, line and remedy.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from tests.contract.documents import pages
from tests.contract.test_imports import ROOT, modules

RETIRED = {
    "outbox": "send queue (an outbox is the event log)",
    "inbox": "receive queue",
    "doorman": "access check",
    "fence": "suspend, or recheck",
    "wheel": "timer wheel",
    "spoke": "timer",
    "pace": "rate",
    "held": "delayed (an event), deferred (an insert)",
    "happening": "fact, or change",
    "ending": "revocation",
    "control": "revocation",
    "last step": "pre-commit step",
    "signal": "ephemeral message",
    "home": "key binding",
    "caller": "connection, identity, or user",
    "stranger": "unidentified connection",
    "watched": "stream state",
    "relay": "publisher",
    "cursor": "position, or offset",
    "topic": "stream",
    "notification": "event",
    "compiled": "prepared query",
    "nobody": "none",
    "whoever": "the word for the one that does it",
}
"""Word in the singular → what to say. Plurals, and -d and -ing of verbs, are refused with it."""

_FORMS = {
    "outbox": ("outboxes",),
    "inbox": ("inboxes",),
    "fence": ("fences", "fenced", "fencing"),
    "pace": ("paces", "paced", "pacing"),
    "relay": ("relays", "relayed"),
}

ALLOWED = {
    "wheel": [(r"timer_?wheels?$", "", "the standard term is a timer wheel")],
    "cursor": [
        ("", r"^tidewire/queries/", "a database cursor"),
        (
            r"^cursor$",
            r"^(tidewire/(capture|centrifugo|checks|diagnosis|http|jobs|log|mqtt|rest|search|webhooks)|api/models)/",
            "a database cursor",
        ),
        ("", r"^tidewire/rest/pagination\.py$", "the cursor of a page"),
        ("", r"^clients/typescript/src/(generated/|testing\.ts)", "the cursor of a page"),
    ],
    "topic": [
        (
            "",
            r"^(tidewire/(__init__|mqtt/\w+|declare/(topics|registry|live)|checks/(declarations|topics)|ground/conf)|api/devices)\.py$",
            "an address of MQTT",
        ),
    ],
    "relay": [
        (
            "",
            r"^tidewire/(centrifugo/|management/commands/centrifugo\.py|ground/metrics\.py)",
            "copies to another server",
        ),
    ],
    "compiled": [("", r"^tidewire/queries/", "the SQL that Django's compiler made of a prepared query")],
    "signal": [
        (r"^signals?$", r"^tidewire/capture/(receivers|relations)\.py$", "a Django signal"),
        (r"", r"^tidewire/serve/", "a signal of the operating system"),
    ],
}
"""Word → (names, files, reason) in which it means something else."""

RETIRED_PROSE = re.compile(r"\b(nobody|whoever|(?:is|are) told)\b", re.I)

_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")


@dataclass(frozen=True)
class Name:
    """A name that our code binds, split into words."""

    path: str
    line: int
    text: str


def retired_in(name: Name) -> str | None:
    """The first retired word in a name, if there is one that is not allowed there."""
    return next((word for word in retired_of(name.text) if not is_allowed(word, name)), None)


@cache  # many names stand in many places
def retired_of(text: str) -> tuple[str, ...]:
    """The retired words in a name such as `MAX_HeldEvents`, whose words are `max held events`."""
    words = f" {' '.join(_WORD.findall(text)).lower()} "
    forms = {word: (word, f"{word}s", *_FORMS.get(word, ())) for word in RETIRED}
    return tuple(word for word in RETIRED if any(f" {form} " in words for form in forms[word]))


def is_allowed(word: str, name: Name) -> bool:
    return any(
        re.search(names, name.text, re.I) and re.search(files, name.path) for names, files, _ in ALLOWED.get(word, ())
    )


def hits(names: Iterable[Name]) -> list[str]:
    """A line for each name with a retired word: where it is, and what to say."""
    found = [(name, retired_in(name)) for name in names]
    return [f"{name.path}:{name.line} {name.text}: say {RETIRED[word]}" for name, word in found if word]


def refuse(found: list[str]) -> None:
    """Fails with one line for each hit."""
    assert not found, "\n" + "\n".join(dict.fromkeys(found))


# -- names -----------------------------------------------------------------------------------------------------------


def names_of(path: str, tree: ast.Module) -> Iterator[Name]:
    """The names that a module binds, its own included, and the keys of its settings."""
    for part in Path(path).with_suffix("").parts:
        yield Name(path, 1, part)
    for node in ast.walk(tree):
        for text in _bound_by(node):
            yield Name(path, node.lineno, text)


def _bound_by(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
        yield node.id if isinstance(node, ast.Name) else node.attr
    elif isinstance(node, ast.alias) and node.asname:
        yield node.asname
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name
    elif (
        isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch("[A-Z]+(_[A-Z]+)+", node.value)
    ):
        yield node.value  # a setting, or a variable of the environment


@cache
def python_names() -> tuple[Name, ...]:
    found = []
    for path in modules().values():
        relative = str(path.relative_to(ROOT))
        found += names_of(relative, ast.parse(path.read_text()))
    return tuple(found)


def test_no_name_holds_a_retired_word():
    refuse(hits(python_names()))


TYPESCRIPT = ROOT / "clients" / "typescript" / "src"
TYPESCRIPT_KEEPS = {"signal", "control"}
"""`useSignal` is a name that apps import, and fetch has its AbortSignal and AbortController."""
_NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|'[^'\n]*'|`[^`]*`", re.S)


def typescript_names() -> Iterator[Name]:
    """Every identifier of the client's sources: what stands outside of comments and strings."""
    for path in sorted(TYPESCRIPT.rglob("*.ts")):
        code = _NOT_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), path.read_text())
        for line, text in enumerate(code.splitlines(), 1):
            for identifier in re.findall(r"[A-Za-z_$][\w$]*", text):
                yield Name(str(path.relative_to(ROOT)), line, identifier)


def test_no_name_of_the_typescript_client_holds_a_retired_word():
    refuse(hits(name for name in typescript_names() if retired_in(name) not in TYPESCRIPT_KEEPS))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("_outboxes", "outbox"),
        ("HeldEvent", "held"),
        ("MAX_STRANGERS_PER_ADDRESS", "stranger"),
        ("last_step", "last step"),
        ("is_paced", "pace"),
        ("access_control_log", "control"),
        ("TimerWheel", None),
        ("upheld", None),
    ],
)
def test_the_reader_of_names_finds_words(text, word):
    assert retired_in(Name("tidewire/delivery/hub.py", 1, text)) == word


def test_every_exception_is_needed():
    """Each allowed pattern allows at least one name."""
    bound = [*python_names(), *typescript_names()]
    for word, rules in ALLOWED.items():
        for names, files, reason in rules:
            used = [
                name
                for name in bound
                if word in retired_of(name.text) and re.search(names, name.text, re.I) and re.search(files, name.path)
            ]
            assert used, (word, names, files, reason)


# -- prose -----------------------------------------------------------------------------------------------------------


def docstrings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, text) of each string that stands as a statement: docstrings, also of attributes and constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            yield node.lineno, node.value.value


def comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def retired_prose(where: str, first: int, text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), first):
        for match in RETIRED_PROSE.finditer(line):
            yield f"{where}:{number} {match[0]}: {line.strip()}"


def test_no_docstring_and_no_comment_speaks_in_riddles():
    found = []
    for path in modules().values():
        source, where = path.read_text(), str(path.relative_to(ROOT))
        for line, text in [*docstrings(ast.parse(source)), *comments(source)]:
            found += retired_prose(where, line, text)
    refuse(found)


def test_no_comment_of_the_typescript_client_speaks_in_riddles():
    found = []
    for path in sorted(TYPESCRIPT.glob("*.ts")):
        code = path.read_text()
        for match in re.finditer(r"/\*.*?\*/|(?<!:)//[^\n]*", code, re.S):
            found += retired_prose(str(path.relative_to(ROOT)), code.count("\n", 0, match.start()) + 1, match[0])
    refuse(found)


def prose_of(page: Path) -> str:
    """The page without its code; as many lines as before."""
    blank = re.sub(r"```.*?```", lambda match: "\n" * match[0].count("\n"), page.read_text(), flags=re.S)
    return re.sub(r"`[^`\n]*`", "", blank)


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_speaks_in_riddles(page):
    refuse(list(retired_prose(str(page.relative_to(ROOT)), 1, prose_of(page))))


@pytest.mark.parametrize("name", ["openapi.yaml", "asyncapi.yaml"])
def test_no_document_speaks_in_riddles(name):
    refuse(list(retired_prose(name, 1, (ROOT / name).read_text())))


def test_the_glossary_retires_these_words():
    """Each retired word stands in the glossary, in the column of words not to say."""
    text = (ROOT / "docs" / "glossary.md").read_text()
    retired = " ".join(row.split("|")[3] for row in text.splitlines() if row.startswith("| ") and row.count("|") == 4)
    missing = [word for word in RETIRED if word not in ("nobody", "whoever") and word not in retired]
    assert missing == []
