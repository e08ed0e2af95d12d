"""Shows results as tables and plots. Ratios are against the first system of each measurement: Tidewire."""

from __future__ import annotations

import json
import platform
from dataclasses import asdict
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

from bench.measures import Row

COST = ("µs/event", "µs/write", "µs/request", "µs/connect", "µs/client")
WIDTH, BAR, LABEL = 760, 22, 300


def tables(rows: list[Row]) -> str:
    """Returns one table per measurement: its day, medians, and the ratio of each cost to the first system's."""
    days = {row.measure: row.at for row in rows}
    return "\n".join(f"{days[measure]}\n\n{_table(measure, systems)}" for measure, systems in _grouped(rows).items())


def save(folder: Path, rows: list[Row]) -> None:
    """Saves the results of these measurements in place of earlier ones. Other measurements stay."""
    folder.mkdir(exist_ok=True)
    measured = {row.measure for row in rows}
    rows = [row for row in _saved(folder) if row.measure not in measured] + rows
    (folder / "results.md").write_text(f"{platform.machine()}, Python {platform.python_version()}\n\n{tables(rows)}")
    raw = [asdict(row) for row in rows]
    (folder / "results.json").write_text(json.dumps(raw, indent=1, ensure_ascii=False) + "\n")
    for measure, systems in _grouped(rows).items():
        cost = _cost(systems)
        if cost and len(systems) > 1:
            name = "".join(letter if letter.isalnum() else "-" for letter in measure.replace("×", "x"))
            (folder / f"{name}.svg").write_text(_plot(f"{measure}: {cost}", {s: m[cost] for s, m in systems.items()}))


def _saved(folder: Path) -> list[Row]:
    path = folder / "results.json"
    return [Row(**row) for row in json.loads(path.read_text())] if path.exists() else []


def _grouped(rows: list[Row]) -> dict[str, dict[str, dict[str, float]]]:
    """{measure: {system: {figure: median}}}"""
    found: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        found.setdefault(row.measure, {}).setdefault(row.system, []).append(row)
    return {measure: {system: _medians(each) for system, each in systems.items()} for measure, systems in found.items()}


def _medians(rows: list[Row]) -> dict[str, float]:
    """Returns the median of each figure; the sum of losses and refusals."""
    names = list(dict.fromkeys(name for row in rows for name in row.figures))
    middle = {name: median(row[name] for row in rows) for name in names}
    summed = {name: sum(row[name] for row in rows) for name in names if name in ("lost", "refused", "failed")}
    remarks = sorted({remark for row in rows for remark in row.remarks})
    return middle | summed | ({"remarks": "; ".join(remarks)} if remarks else {})


def _cost(systems: dict[str, dict[str, float]]) -> str | None:
    return next((name for name in COST if all(name in figures for figures in systems.values())), None)


def _table(measure: str, systems: dict[str, dict[str, float]]) -> str:
    names = list(dict.fromkeys(name for figures in systems.values() for name in figures))
    cost = _cost(systems)
    first = next(iter(systems.values()))
    head = [measure, *([f"{cost}, ratio"] if cost else []), *names]
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    for system, figures in systems.items():
        ratio = [f"{figures[cost] / first[cost]:.2f}"] if cost else []
        lines.append([system, *ratio, *(_shown(figures.get(name, "")) for name in names)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if value == int(value) or value >= 100 else f"{value:.2f}"


def _plot(title: str, values: dict[str, float]) -> str:
    """Returns bars as SVG; the shortest is best."""
    longest = max(values.values()) or 1.0
    height = 50 + BAR * len(values)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>',
        f'<text x="10" y="22" font-size="14" font-weight="bold">{escape(title)}</text>',
    ]
    for number, (name, value) in enumerate(values.items()):
        y, width = 38 + BAR * number, max(1.0, (WIDTH - LABEL - 90) * value / longest)
        colour = "#1f6feb" if name.startswith("tidewire") else "#8b949e"
        parts += [
            f'<text x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR - 6}" fill="{colour}"/>',
            f'<text x="{LABEL + width + 6:.1f}" y="{y + 12}">{_shown(value)}</text>',
        ]
    return "\n".join([*parts, "</svg>"]) + "\n"
