"""Who may import whom.

The write side is synchronous and knows no socket; the delivery side is asyncio and knows no table; the edge is where
both meet; the engine knows no product, and the product only the engine's public face.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
OURS = ("realtime", "api", "backend")

# Values and rules without state: anybody may import them.
SHARED = {
    "actors",
    "codes",
    "compiled",
    "conf",
    "endings",
    "ids",
    "instances",
    "intents",
    "limits",
    "live",
    "metrics",
    "positions",
    "prepared",
    "protocol",
    "statements",
    "streams",
    "strict_json",
}
WRITE = {
    *("receivers", "querysets", "changes", "transactions", "events", "models", "event_log", "publisher"),
    *("control", "erasure", "facts", "last_steps", "pacing", "retention", "snapshots", "inserts", "testing"),
}
DELIVERY = {
    *("hub", "membership", "outbox", "inbox", "subscription", "connection", "connections", "commands", "framing"),
    *(
        "frames",
        "codecs",
        "json_codec",
        "protobuf_codec",
        "presence",
        "sessions",
        "fences",
        "doorman",
        "wheel",
        "eager",
    ),
}
PUBLIC = {  # what an application imports
    *("live", "streams", "models", "querysets", "snapshots", "event_log", "actors", "control", "erasure", "rpc"),
    *("tokens", "ids", "strict_json", "testing", "server", "access", "docs", "examples"),
    *("facts", "intents", "last_steps", "statements", "compiled", "endings", "prepared", "instances", "postgresql"),
}
# Where the write side and the delivery side meet: the shape of a message on the channel layer.
MEETINGS = {("hub", "publisher")}


@dataclass(frozen=True)
class Import:
    """One import: who imports what, where, and whether it is only for a type checker."""

    importer: str
    imported: str
    line: int
    is_for_types: bool
    function: str = ""


@cache
def modules() -> dict[str, Path]:
    """{dotted name: file} of all our code but migrations and generated code."""
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            if "migrations" not in path.parts and not path.name.endswith("_pb2.py"):
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> list[Import]:
    return [found for name, path in modules().items() for found in _imports_of(name, ast.parse(path.read_text()))]


def _imports_of(importer: str, tree: ast.Module) -> Iterator[Import]:
    for node, function, is_for_types in _walk(tree, "", False):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = _package_of(importer, node.level) if node.level else ""
            base = ".".join(filter(None, (package, node.module)))
            names = [_module(base, alias.name) for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(importer, name, node.lineno, is_for_types, function)


def _walk(node: ast.AST, function: str, is_for_types: bool) -> Iterator[tuple[ast.AST, str, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, function, is_for_types
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield from _walk(child, inside, is_for_types or typing)


def _package_of(importer: str, level: int) -> str:
    parts = importer.split(".") if modules()[importer].name == "__init__.py" else importer.split(".")[:-1]
    return ".".join(parts[: len(parts) - level + 1])


def _module(base: str, name: str) -> str:
    """`from realtime import hub` imports a module, `from realtime.hub import Hub` something in one."""
    return f"{base}.{name}" if f"{base}.{name}" in modules() or base == "django" else base


def noun(module: str) -> str:
    """`realtime.server.drain` → `server`"""
    return module.split(".")[1] if "." in module else ""


def within(names: set[str]) -> list[Import]:
    return [found for found in imports() if found.importer.startswith("realtime.") and noun(found.importer) in names]


def said(found: list[Import]) -> list[str]:
    return [f"{found.importer}:{found.line} imports {found.imported}" for found in found]


def test_the_table_names_modules_that_exist():
    nouns = {noun(name) for name in modules() if name.startswith("realtime.")}
    assert (SHARED | WRITE | DELIVERY | PUBLIC) - nouns == set()
    assert len(WRITE | DELIVERY | SHARED) == len(WRITE) + len(DELIVERY) + len(SHARED)


def test_the_reader_of_imports_sees_them_all():
    seen = {(found.importer, found.imported, found.is_for_types, found.function) for found in imports()}
    assert ("realtime.hub", "realtime.publisher", False, "") in seen
    assert ("realtime.publisher", "realtime.event_log", True, "") in seen
    assert ("realtime.transactions", "realtime.event_log", False, "record_noted") in seen
    assert ("api.models", "api.models.rooms", False, "") in seen


def test_the_engine_knows_no_product():
    products = ("api", "backend", "tests")
    assert said([f for f in imports() if f.importer.startswith("realtime") and f.imported.startswith(products)]) == []


def test_the_product_imports_only_the_public_face_of_the_engine():
    """But for its own consumer, which is edge: the small one that lives in the product because it needs it."""
    private = [
        found
        for found in imports()
        if found.importer.startswith("api.")
        and found.importer != "api.consumers"
        and found.imported.startswith("realtime")
        and noun(found.imported) not in PUBLIC
    ]
    assert said(private) == []


def test_only_the_wiring_imports_the_wiring():
    assert (
        said([f for f in imports() if f.imported.startswith("backend") and not f.importer.startswith("backend")]) == []
    )


def test_the_write_side_knows_no_socket():
    strangers = [
        found
        for found in within(WRITE)
        if found.imported.startswith("realtime") and noun(found.imported) not in WRITE | SHARED | {""}
    ]
    assert said(strangers) == []


def test_the_delivery_side_knows_no_table():
    """Nothing there can block the loop: no query, no serializer."""
    strangers = [
        found
        for found in within(DELIVERY)
        if not found.is_for_types
        and (
            found.imported.startswith(("django.db", "rest_framework"))
            or (noun(found.imported) in WRITE and found.imported.startswith("realtime"))
        )
        and (noun(found.importer), noun(found.imported)) not in MEETINGS
    ]
    assert said(strangers) == []


def test_what_is_shared_imports_only_what_is_shared():
    strangers = [
        found
        for found in within(SHARED)
        if not found.is_for_types
        and found.imported.startswith("realtime")
        and noun(found.imported) not in SHARED | {""}
    ]
    assert said(strangers) == []


@pytest.mark.parametrize(
    ("package", "module"),
    [("rest_framework_simplejwt", "api.tokens"), ("daphne", "realtime.server")],
)
def test_a_library_stands_behind_its_module(package, module):
    outside = [f for f in imports() if f.imported.split(".")[0] == package and not f.importer.startswith(module)]
    assert said(outside) == []


def test_an_import_inside_a_function_gives_its_reason():
    """As a comment beside it, or beside one before it in the same function."""
    bare, explained = [], set()
    for found in imports():
        if not found.function:
            continue
        lines = modules()[found.importer].read_text().splitlines()
        if "#" in lines[found.line - 1] or lines[found.line - 2].strip().startswith("#"):
            explained.add((found.importer, found.function))
        elif (found.importer, found.function) not in explained:
            bare.append(found)
    assert said(bare) == []
