"""Compares what a receiver got with the log."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

PROCESSED = ("ok", "lost answer")


@dataclass
class Verdict:
    """What was wrong, as texts; and how many requests had which outcome."""

    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    delivered: int = 0
    repeated: int = 0


def requests(log: Path) -> list[list]:
    """Returns the requests that a receiver has logged; the last line of a killed one may be cut."""
    found = []
    for line in log.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found


def judge(log: Path, expected: dict[tuple[str, str], range], last: dict[tuple[str, str], int]) -> Verdict:
    """`expected` are the offsets that each (endpoint, stream) must get; `last` those after which it must get none."""
    verdict = Verdict()
    got: dict[tuple[str, str], list[int]] = defaultdict(list)
    ids: dict[tuple[str, str, int], str] = {}
    for endpoint, id, stream, _, offsets, outcome, type, *_ in requests(log):
        verdict.outcomes[outcome] += 1
        if outcome in ("forged", "redirected"):
            verdict.wrong.append(f"{outcome}: {endpoint} {id}")
        if type == "stream.reset":
            verdict.wrong.append(f"reset: {endpoint} {stream}")
        key = (endpoint, stream)
        _check_ids(verdict, ids, key, id, offsets)
        _check_order(verdict, got[key], key, offsets, outcome)
        if key in last and max(offsets) > last[key]:
            verdict.wrong.append(f"after the access had ended: {key} {offsets}")
    for key, wanted in expected.items():
        missing = sorted(set(wanted) - set(got[key]))
        if missing:
            verdict.wrong.append(f"lost: {key} {missing[:5]} … {len(missing)} of {len(wanted)}")
    return verdict


def _check_ids(
    verdict: Verdict, ids: dict[tuple[str, str, int], str], key: tuple[str, str], id: str, offsets: list[int]
) -> None:
    for offset in offsets:
        if ids.setdefault((*key, offset), id) != id:
            verdict.wrong.append(f"another id: {key} {offset}")


def _check_order(verdict: Verdict, got: list[int], key: tuple[str, str], offsets: list[int], outcome: str) -> None:
    """Nothing arrives before all that is before it was processed."""
    latest = got[-1] if got else None
    if latest is not None and offsets[0] > latest + 1:
        verdict.wrong.append(f"a hole or out of order: {key} {offsets} after {latest}")
    if offsets != list(range(offsets[0], offsets[0] + len(offsets))):
        verdict.wrong.append(f"a batch with a hole: {key} {offsets}")
    if outcome in PROCESSED:
        new = [offset for offset in offsets if latest is None or offset > latest]
        got.extend(new)
        verdict.delivered += len(new)
        verdict.repeated += len(offsets) - len(new)
