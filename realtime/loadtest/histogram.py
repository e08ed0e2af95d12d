"""Latencies as text: percentiles, and a bar for each doubling."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH = 50


def percentile(ordered: Sequence[float], share: float) -> float:
    """Returns the value below which this share of the values lies. `ordered` is sorted and not empty."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def summary(seconds: Sequence[float]) -> str:
    """Returns median, 95th and 99th percentile and maximum, in milliseconds."""
    if not seconds:
        return "none"
    ordered = sorted(seconds)
    named = [("median", 0.5), ("p95", 0.95), ("p99", 0.99)]
    found = [f"{name} {percentile(ordered, share) * 1000:.1f}" for name, share in named]
    return ", ".join([*found, f"max {ordered[-1] * 1000:.1f} ms"])


def histogram(seconds: Sequence[float]) -> str:
    """Returns a line for each doubling of the latency that has a value, and those between, with a bar for its share."""
    if not seconds:
        return "no event arrived"
    counts: dict[int, int] = {}
    for value in seconds:
        bucket = max(0, int(value * 1000)).bit_length()
        counts[bucket] = counts.get(bucket, 0) + 1
    most = max(counts.values())
    lines = []
    for bucket in range(min(counts), max(counts) + 1):
        count = counts.get(bucket, 0)
        bar = "█" * round(count / most * WIDTH) or ("▏" if count else "")
        lines.append(f"< {1 << bucket:>6} ms {count:>9}  {bar}".rstrip())
    return "\n".join(lines)


def progress(done: int, all: int, width: int = 40) -> str:
    """Returns a bar such as `[####······]  40 %`."""
    share = min(1.0, done / all) if all else 1.0
    full = int(share * width)
    return f"[{'#' * full}{'·' * (width - full)}] {share:>4.0%}"
