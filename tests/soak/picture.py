"""Draws a timeline: faults as bars, one lane per kind, above the latency of events that arrived live."""

from __future__ import annotations

from html import escape
from math import log10

from tests.soak.history import History
from tests.soak.measures import live_latencies
from tests.soak.plan import Plan

WIDTH, LEFT, RIGHT, TOP = 1200, 150, 20, 34
LANE, PLOT = 16, 260
LIMITS_MS = (1.0, 100_000.0)
TICKS_MS = (1, 10, 100, 1000, 10_000, 100_000)
SHOWN_DOTS = 6000

# Readable on light and dark pages: it has its own background.
STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#333} .title{font-size:14px;font-weight:600} .grid{stroke:#ddd} "
    ".fault{fill:#c0392b;opacity:.75} .dot{fill:#2471a3;opacity:.35} .phase{stroke:#888;stroke-dasharray:4 3}"
)


def draw(plan: Plan, history: History) -> str:
    """Returns the picture as SVG."""
    return _Picture(plan, history).svg()


class _Picture:
    def __init__(self, plan: Plan, history: History) -> None:
        self._plan, self._history = plan, history
        self._kinds = sorted({fault.kind for fault in history.faults})
        self._start = history.phases.get("warm", 0.0)
        self._end = max([*history.phases.values(), self._start + 1.0])
        self._bottom = TOP + LANE * len(self._kinds) + 20 + PLOT

    def svg(self) -> str:
        height = self._bottom + 36
        title = (
            f"seed {self._plan.seed}, {self._plan.size}: {len(self._history.faults)} faults and the latency of "
            "events that arrived live"
        )
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img">',
            f"<title>{escape(title)}</title><style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
            f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
            *self._axes(),
            *self._phases(),
            *self._faults(),
            *self._dots(),
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def _x(self, at: float) -> float:
        share = (at - self._start) / (self._end - self._start)
        return round(LEFT + min(1.0, max(0.0, share)) * (WIDTH - LEFT - RIGHT), 1)

    def _y(self, milliseconds: float) -> float:
        low, high = (log10(limit) for limit in LIMITS_MS)
        share = (log10(min(LIMITS_MS[1], max(LIMITS_MS[0], milliseconds))) - low) / (high - low)
        return round(self._bottom - share * PLOT, 1)

    def _axes(self) -> list[str]:
        parts = []
        for tick in TICKS_MS:
            y = self._y(tick)
            name = f"{tick} ms" if tick < 1000 else f"{tick // 1000} s"
            parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>')
            parts.append(f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{name}</text>')
        length = self._end - self._start
        step = next(step for step in (5, 10, 30, 60, 300, 900, 10**9) if length / step <= 14)
        for second in range(0, int(length) + 1, step):
            x = self._x(self._start + second)
            parts.append(f'<text x="{x}" y="{self._bottom + 18}" text-anchor="middle">{second} s</text>')
        return parts

    def _phases(self) -> list[str]:
        parts = []
        for name, at in self._history.phases.items():
            x = self._x(at)
            parts.append(f'<line class="phase" x1="{x}" x2="{x}" y1="{TOP}" y2="{self._bottom}"/>')
            if name in ("faults", "heal", "converge"):
                parts.append(f'<text x="{x + 3}" y="{self._bottom - PLOT - 4}">{name}</text>')
        return parts

    def _faults(self) -> list[str]:
        parts = []
        for number, kind in enumerate(self._kinds):
            y = TOP + LANE * number
            parts.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(kind)}</text>')
            for fault in self._history.faults:
                if fault.kind == kind:
                    x, end = self._x(fault.began), self._x(fault.ended)
                    width = round(max(2.0, end - x), 1)
                    parts.append(f'<rect class="fault" x="{x}" y="{y + 2}" width="{width}" height="{LANE - 5}"/>')
        return parts

    def _dots(self) -> list[str]:
        """Draws all slow events, and as many of the others as SHOWN_DOTS allows."""
        latencies = sorted(live_latencies(self._history), key=lambda pair: -pair[1])
        rest = latencies[SHOWN_DOTS // 2 :]
        shown = latencies[: SHOWN_DOTS // 2] + rest[:: max(1, len(rest) // (SHOWN_DOTS // 2))]
        return [f'<circle class="dot" cx="{self._x(at)}" cy="{self._y(late * 1000)}" r="1.6"/>' for at, late in shown]
