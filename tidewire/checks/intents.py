"""Finds misspelt intents: `updates_named(Model, "type")` in the source of an app, where no declaration lists the type.

At run time such a name is passed over, because another application may not have declared it. So the update would be
the plain one, and nothing would say why.
"""

from __future__ import annotations

import ast
import os
import sysconfig
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from django.apps import apps
from django.core import checks

from tidewire.declare.registry import registry

CALL = "updates_named"
LIBRARIES = Path(sysconfig.get_path("purelib"))
"""Installed packages are not searched."""
PASSED_OVER = ("migrations", "node_modules", "tests", "__pycache__")


@checks.register("tidewire")
def check_intents(app_configs: object, **kwargs: object) -> list[checks.CheckMessage]:
    """Refuses event types that the source names and no declaration of a live model lists."""
    known = {intent for live in registry.lives for intent in live.intents}
    found: list[checks.CheckMessage] = []
    for place, type in _named() if registry.lives else ():
        if type not in known:
            near = get_close_matches(type, known, 1)
            found.append(
                checks.Error(
                    f"{place} names updates {type!r}, which no declaration lists among its intents",
                    hint=f"Write {near[0]!r}." if near else f"Add {type!r} to `intents` of a Live(…), or correct it.",
                    obj=place,
                    id="tidewire.E131",
                )
            )
    return found


def _named() -> Iterator[tuple[str, str]]:
    """Yields (file and line, event type) of every call in the source of the apps that writes the type out."""
    for path in sorted({path for app in apps.get_app_configs() for path in _sources(Path(app.path))}):
        text = path.read_bytes()
        if CALL.encode() not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call) and CALL in (getattr(node.func, "id", ""), getattr(node.func, "attr", "")):
                arguments = [*node.args[1:2], *(word.value for word in node.keywords if word.arg == "type")]
                for argument in arguments:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        yield f"{path}:{node.lineno}", argument.value


def _sources(folder: Path) -> Iterator[Path]:
    """Yields the modules of an app of the project, without its migrations and tests."""
    if LIBRARIES in folder.parents:
        return
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name.isidentifier() and name not in PASSED_OVER]
        yield from (Path(place, name) for name in files if name.endswith(".py") and not name.startswith("test"))
