"""Who may import whom: `docs/event-path.md`'s house as a test.

The tree goes one way, `tidewire` ← `api` ← `realtime` ← `backend`. Inside the engine every module lies in one package,
and the packages are ordered: a module imports only from its own package and from those that stand before it in ORDER.
Imports for type checkers and imports inside functions count like all others.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TREES = ("tidewire", "api", "realtime", "backend")

ORDER = (
    *("ground", "protocol", "queries", "declare", "transactions", "jobs", "logbook", "log", "layer", "capture"),
    *("search", "rest", "delivery", "engine", "webhooks", "centrifugo", "connection", "doors", "http", "mqtt", "serve"),
    *("asyncapi", "checks", "diagnosis", "testing"),
)
RANK = {package: rank for rank, package in enumerate(ORDER)}

PUBLIC = ("models", "snapshots", "credentials", "erasure", "asgi", "urls", "ids", "pytest_plugin", "redis_clients")
"""Modules at the top of the engine: re-exports of what is inside, for applications. Nothing inside imports them."""

EXEMPT = ("admin", "apps", "management", "migrations")
"""Django finds these by their place."""

DELIVERY_SIDE = ("delivery", "connection", "doors")
"""Runs in the event loop: no query, no serializer, no model."""

PRODUCT_MAY_IMPORT = {
    "tidewire",
    *(f"tidewire.{name}" for name in PUBLIC),
    *(f"tidewire.rest.{name}" for name in ("answers", "batches", "conflicts", "converters", "errors", "fields")),
    *(f"tidewire.rest.{name}" for name in ("media", "pagination", "parameters", "posts", "preconditions")),
    *(f"tidewire.rest.{name}" for name in ("prepared_pages", "problems", "reads", "searching", "serializers")),
    *("tidewire.rest.tags", "tidewire.rest.views"),
    *(f"tidewire.webhooks.{name}" for name in ("endpoints", "erasure", "notices", "requests", "tables", "urls")),
    *("tidewire.mqtt.passwords", "tidewire.mqtt.users"),
    *("tidewire.centrifugo.erasure", "tidewire.centrifugo.proxy_views"),
    *("tidewire.admin", "tidewire.diagnosis.arguments", "tidewire.diagnosis.commands"),
    *("tidewire.testing", "tidewire.asyncapi.event_schemas", "tidewire.asyncapi.examples", "tidewire.asyncapi.pages"),
}


@dataclass(frozen=True)
class Import:
    """One import statement's name: `importer` imports `imported`, at `line`, inside `function` if there is one."""

    importer: str
    imported: str
    line: int
    function: str = ""


@cache
def modules() -> dict[str, Path]:
    """{dotted name: file} of all our code but migrations and generated code."""
    found = {}
    for tree in TREES:
        for path in sorted((ROOT / tree).rglob("*.py")):
            if "migrations" not in path.parts and not path.name.endswith("_pb2.py"):
                parts = path.relative_to(ROOT).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports() -> tuple[Import, ...]:
    return tuple(found for name, path in modules().items() for found in imports_of(name, ast.parse(path.read_text())))


def imports_of(importer: str, tree: ast.Module) -> Iterator[Import]:
    for node, function in _walk(tree, ""):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            package = _package_of(importer, node.level) if node.level else ""
            base = ".".join(filter(None, (package, node.module)))
            names = [_module(base, alias.name) for alias in node.names]
        else:
            continue
        for name in names:
            yield Import(importer, name, node.lineno, function)


def _walk(node: ast.AST, function: str) -> Iterator[tuple[ast.AST, str]]:
    for child in ast.iter_child_nodes(node):
        yield child, function
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        yield from _walk(child, inside)


def _package_of(importer: str, level: int) -> str:
    parts = importer.split(".") if modules()[importer].name == "__init__.py" else importer.split(".")[:-1]
    return ".".join(parts[: len(parts) - level + 1])


def _module(base: str, name: str) -> str:
    """`from tidewire.delivery import hub` imports a module, `from tidewire.delivery.hub import Hub` a name in one."""
    return f"{base}.{name}" if f"{base}.{name}" in modules() or base == "django" else base


def package_of(module: str) -> str:
    """`tidewire.delivery.hub` → `delivery`; "" for what is not in the engine, or at its top."""
    parts = module.split(".")
    return parts[1] if parts[0] == "tidewire" and len(parts) > 1 and parts[1] in RANK else ""


def said(found: list[Import]) -> list[str]:
    return [f"{found.importer}:{found.line} imports {found.imported}" for found in found]


def test_the_reader_of_imports_sees_them_all():
    seen = {(found.importer, found.imported, found.function) for found in imports()}
    assert ("tidewire.delivery.hub", "tidewire.layer.mailbox", "") in seen
    assert ("tidewire.apps", "tidewire.capture.capturing", "ready") in seen
    assert ("api.models", "api.models.rooms", "") in seen
    source = "if TYPE_CHECKING:\n    from tidewire.delivery.hub import Hub\n"
    assert [found.imported for found in imports_of("tidewire.log.tables", ast.parse(source))] == [
        "tidewire.delivery.hub"
    ]


def test_every_module_of_the_engine_lies_in_one_package():
    strays = [
        name
        for name in modules()
        if name.startswith("tidewire.") and not package_of(name) and name.split(".")[1] not in (*PUBLIC, *EXEMPT)
    ]
    assert strays == []
    assert {package_of(name) for name in modules()} - {""} == set(ORDER)


def test_a_package_imports_only_what_stands_before_it():
    inverted = [
        found
        for found in imports()
        if package_of(found.importer)
        and found.imported.startswith("tidewire")
        and RANK[package_of(found.importer)] < RANK.get(package_of(found.imported), len(ORDER))
    ]
    assert said(inverted) == []


def test_no_module_imports_itself_in_a_circle():
    """Also inside a package, and for any pair of trees."""
    edges: dict[str, set[str]] = {name: set() for name in modules()}
    for found in imports():
        if found.imported in edges and found.imported != found.importer:
            edges[found.importer].add(found.imported)
    assert _circles(edges) == []


def _circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Strongly connected groups of more than one module (Tarjan)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    groups: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in edges[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            group = []
            while not group or group[-1] != name:
                group.append(stack.pop())
            if len(group) > 1:
                groups.append(sorted(group))

    for name in edges:
        if name not in index:
            visit(name)
    return groups


def test_the_finder_of_circles_finds_one():
    assert _circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_the_trees_go_one_way():
    rank = {tree: place for place, tree in enumerate(TREES)}
    backwards = [
        found
        for found in imports()
        if found.imported.split(".")[0] in (*TREES, "tests")
        and rank[found.importer.split(".")[0]] < rank.get(found.imported.split(".")[0], len(TREES))
    ]
    assert said(backwards) == []


def test_the_product_imports_only_the_public_face_of_the_engine():
    private = [
        found
        for found in imports()
        if found.importer.startswith("api.")
        and found.imported.split(".")[0] == "tidewire"
        and found.imported not in PRODUCT_MAY_IMPORT
    ]
    assert said(private) == []


def test_no_package_imports_the_public_modules():
    inside = [
        found
        for found in imports()
        if package_of(found.importer) and found.imported in {"tidewire", *(f"tidewire.{name}" for name in PUBLIC)}
    ]
    assert said(inside) == []


def test_the_delivery_side_knows_no_table():
    """Nothing there can block the loop: no query, no serializer."""
    strangers = [
        found
        for found in imports()
        if package_of(found.importer) in DELIVERY_SIDE
        and (
            found.imported.startswith(("django.db", "rest_framework"))
            or package_of(found.imported) in ("transactions", "log", "capture", "queries")
        )
    ]
    assert said(strangers) == []


@pytest.mark.parametrize(
    ("package", "module"),
    [("rest_framework_simplejwt", "api.auth.tokens"), ("daphne", "tidewire.serve"), ("psycopg", "tidewire.queries")],
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
