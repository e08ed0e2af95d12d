"""Figures of a history that are not right or wrong: how much, how often, how late."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tests.soak.history import OK, History, Seen


@dataclass(frozen=True)
class Measures:
    """Latency counts from the event's own time, just before COMMIT, to the client: for events written while a device
    was subscribed ("live"), and for those far from any fault ("calm")."""

    faults: dict[str, int]
    writes: int
    answered: int
    unknown: int
    events: int
    deliveries: int
    reconnects: int
    recoveries: int
    statuses: dict[int, int]
    latency_ms: dict[str, float]
    peak_mib: float


def measure(history: History) -> Measures:
    live = live_latencies(history)
    ordered = sorted(late for _, late in live)
    calm = sorted(late for at, late in live if not during_fault(history, at))
    return Measures(
        faults=dict(sorted(Counter(fault.kind for fault in history.faults).items())),
        writes=len(history.writes),
        answered=sum(write.outcome == OK for write in history.writes),
        unknown=sum(write.outcome == "unknown" for write in history.writes),
        events=len(history.log),
        deliveries=sum(seen.kind == "event" for seen in history.seen),
        reconnects=sum(seen.kind == "connected" for seen in history.seen),
        recoveries=sum(seen.kind == "subscribed" and seen.recovered for seen in history.seen),
        statuses=dict(sorted(history.statuses.items())),
        latency_ms={
            "calm p50": _at(calm, 0.5),
            "calm p99": _at(calm, 0.99),
            "live p50": _at(ordered, 0.5),
            "live p99": _at(ordered, 0.99),
            "live max": _at(ordered, 1.0),
        },
        peak_mib=round(max((sample.rss_mib for sample in history.samples), default=0.0), 1),
    )


def live_latencies(history: History) -> list[tuple[float, float]]:
    """Returns (time of arrival, seconds since it was written) of each event written while the device was subscribed."""
    since: dict[tuple[str, str], float] = {}
    found = []
    for seen in history.seen:
        key = seen.device, seen.stream
        if seen.kind == "subscribed":
            since[key] = seen.at
        elif seen.kind in ("unsubscribed", "refused"):
            since.pop(key, None)
        elif seen.kind == "event" and since.get(key, float("inf")) <= seen.written_at:
            found.append((seen.at, max(0.0, seen.at - seen.written_at)))
    return found


def during_fault(history: History, at: float, after: float = 3.0) -> bool:
    return any(fault.began <= at <= fault.ended + after for fault in history.faults)


def story(history: History, device: str, stream: str, offset: int, around: int = 6) -> list[str]:
    """Returns lines about what happened to this device before and after this event."""
    mine = [seen for seen in history.seen if seen.device == device and seen.stream in (stream, "")]
    index = next((n for n, seen in enumerate(mine) if seen.kind == "event" and seen.offset == offset), len(mine) - 1)
    start = history.phases.get("warm", mine[0].at if mine else 0.0)
    return [_line(seen, start) for seen in mine[max(0, index - around) : index + around // 2]]


def _line(seen: Seen, start: float) -> str:
    words = [f"{seen.at - start:8.3f} s", f"life {seen.life}", seen.kind]
    if seen.kind in ("event", "state", "subscribed"):
        words.append(f"{seen.stream[:13]}… @ {seen.offset}")
    if seen.kind == "subscribed":
        words.append(f"recovering={seen.was_recovering} recovered={seen.recovered}")
    words += [seen.type] if seen.type else [str(seen.code)] if seen.code else []
    return "  ".join(words)


def _at(ordered: list[float], share: float) -> float:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 1) if ordered else 0.0
