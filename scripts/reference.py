"""Writes docs/reference/: the pages that say of each name what the code says. `make reference` runs it.

A setting's row comes from its line in tidewire/ground/conf.py: name, default, comment. The other pages come from
signatures and docstrings. Tests refuse pages that differ from what this writes.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from typing import Any

import django

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
FOLDER = ROOT / "docs" / "reference"
HEAD = "<!-- Written by scripts/reference.py from the code: change the code, and run `make reference`. -->\n\n"


INTRODUCTIONS = {
    "declarations": "What an application says in `live.py`. All names are importable from `tidewire`. See [writing "
    "a live model](../writing-a-live-model.md).",
    "actors": "The actor of an event is the user, key or system behind it. It is set where a credential is checked, "
    "and each request begins with `system`. A Celery task, a thread or a command sets it around its work: "
    '`with acting_as(Actor("user", str(user.pk))):`. All names are importable from `tidewire`.',
    "rpc": '`TIDEWIRE["RPC"]` maps the name of each method to the dotted path of a function '
    "`async (context, data) -> result`, which runs in the event loop and returns what JSON can hold. The names are "
    "importable from `tidewire.connection.rpc`.",
    "credentials": '`TIDEWIRE["AUTHENTICATE"]` names a function that returns an `Identity`, or a function without '
    "arguments that returns one and may ask the database. All names are importable from `tidewire.credentials`.",
    "snapshots": "REST answers that name the position up to which they are true. All names are importable from "
    "`tidewire.snapshots`.",
    "testing": "See [testing live models](../testing-live-models.md). Import the names from `tidewire.testing`.",
}
NAMES = {
    "declarations": (
        *("Live", "Touch", "Fact", "StreamKind", "Rate", "Retention"),
        *("register", "updates_named", "record_fact", "touch"),
    ),
    "actors": ("Actor", "acting_as", "set_actor", "current_actor"),
    "rpc": ("RpcContext", "RpcDataError"),
    "credentials": ("Identity", "InvalidCredential", "ExpiredCredential"),
    "snapshots": ("SnapshotMixin", "ReadsStream", "position", "read_after"),
    "testing": ("LiveTestMixin", "SocketClient", "SocketError", "EventLog", "events_of", "record_now"),
}
TITLES = {"rpc": "Remote procedure calls", "testing": "The testing kit"}


def pages() -> dict[str, str]:
    """Returns {file name: text}. Needs Django's settings."""
    # They want loaded apps.
    import tidewire
    from tidewire import credentials, snapshots, testing
    from tidewire.connection import rpc

    modules = {"declarations": tidewire, "actors": tidewire, "rpc": rpc}
    modules |= {"credentials": credentials, "snapshots": snapshots, "testing": testing}
    made = {f"{name}.md": page(name, module) for name, module in modules.items()}
    return {"settings.md": settings_page(), **made}


# -- settings ----------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """Returns the page of all settings, in their sections."""
    lines = [f"{HEAD}# Settings of the engine\n"]
    lines += ["`TIDEWIRE = {…}` in Django's settings, over these defaults. `AUTHENTICATE` is the only one without.\n"]
    title = "What you connect"
    for section, rows in settings_rows():
        lines += [f"## {section or title}\n", "| setting | default | what it is |", "|---|---|---|"]
        lines += [f"| `{name}` | {default} | {text} |" for name, default, text in rows]
        lines.append("")
    return "\n".join(lines)


def settings_rows() -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Returns [(section, [(name, default, comment)])] of DEFAULTS, from the source."""
    source = (ROOT / "tidewire" / "ground" / "conf.py").read_text()
    (defaults,) = [node.value for node in ast.parse(source).body if _is_defaults(node)]
    lines, sections, last = source.splitlines(), [("", [])], 0
    for key, value in zip(defaults.keys, defaults.values, strict=True):
        between = lines[last or key.lineno - 1 : key.lineno - 1]
        titles = filter(None, (re.fullmatch(r"    # ([^;.]+)[;.].*", line) for line in between))
        sections += [(found[1], []) for found in titles]
        last = value.end_lineno
        _, _, comment = lines[value.end_lineno - 1].partition("  # ")
        sections[-1][1].append((key.value, _shown(ast.unparse(value)), _cell(comment)))
    return [(section, rows) for section, rows in sections if rows]


def _is_defaults(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "DEFAULTS"


def _shown(default: str) -> str:
    found = re.fullmatch(r"(\d+) \* 1024( \* 1024)?", default)
    return f"{found[1]} {'MiB' if found[2] else 'KiB'}" if found else f"`{default}`".replace("|", "\\|")


def _cell(comment: str) -> str:
    return re.sub(r"(?<![`\w])((?:\w+/)+\w+\.py)", r"`tidewire/\1`", comment).replace("|", "\\|")


# -- names -------------------------------------------------------------------------------------------------------------


def page(name: str, module: Any) -> str:
    """Returns a page with a section for each of its names."""
    title = TITLES.get(name, name.capitalize())
    sections = (section(each, getattr(module, each)) for each in NAMES[name])
    return f"{HEAD}# {title}\n\n{INTRODUCTIONS[name]}\n\n" + "\n".join(sections)


def section(name: str, named: Any) -> str:
    """Returns the signature, the docstring, and the public methods of a class."""
    parts = [f"## {name}\n", f"```text\n{name}{_signature(named)}\n```\n"]
    if doc := inspect.getdoc(named):
        parts.append(_prose(doc) + "\n")
    for method, member in vars(named).items() if isinstance(named, type) else ():
        is_public = inspect.isfunction(member) and not method.startswith("_") and method not in HIDDEN
        if is_public and (doc := inspect.getdoc(member)):
            call = f"```text\n{method}{_signature(member)}\n```"
            parts.append(f"### {name}.{method}\n\n{call}\n\n{_prose(doc)}\n")
    return "\n".join(parts)


HIDDEN = {"rows", "states", "shown", "hidden_rows", "concerns", "shows", "run", "setUpClass", "list", "retrieve"}
"""What the engine, Django or DRF calls."""


def _signature(named: Any) -> str:
    if is_dataclass(named):
        return f"({', '.join(map(_field, filter(lambda field: field.init, fields(named))))})"
    try:
        parameters = [each.replace(annotation=each.empty) for each in inspect.signature(named).parameters.values()]
    except (TypeError, ValueError):
        return ""
    shown = [re.sub(r" at 0x\w+", "", str(each)) for each in parameters if each.name not in ("self", "cls")]
    return f"({', '.join(shown)})"


def _field(field: Any) -> str:
    default = field.default if field.default is not MISSING else field.default_factory
    if default is MISSING:
        return field.name
    return f"{field.name}={'…' if callable(default) else repr(default)}"


def _prose(doc: str) -> str:
    """Makes Markdown of a docstring: its `name: text` lines are a list, its indented code a block."""
    out: list[str] = []
    for line in doc.splitlines():
        if found := re.fullmatch(r"(\w+(?:, \w+)*): (.+)", line):
            line = f"- `{found[1].replace(', ', '`, `')}`: {found[2]}"
            if out and out[-1] and not out[-1].startswith(("- ", "  ")):
                out.append("")
        elif line.startswith("    ") and out and out[-1].startswith(("- ", "  ")):
            line = f"  {line.strip()}"
        out.append(line)
    return re.sub(r"(?m)(^\n?)((?:    .+\n?(?:\n(?=    ))?)+)", _block, "\n".join(out))


def _block(found: re.Match[str]) -> str:
    code = inspect.cleandoc(found[2])
    return f"\n```text\n{code}\n```\n"


def main() -> None:
    django.setup()
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text.rstrip() + "\n")


if __name__ == "__main__":
    main()
