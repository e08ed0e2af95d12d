"""`manage.py loadtest`: how quickly events arrive at many sockets."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from typing import Any

from django.core.management.base import CommandError, CommandParser

from realtime.loadtest import crowd
from realtime.loadtest.histogram import histogram, progress, summary
from realtime.loadtest.run import Plan, Result, run
from tidewire.diagnosis.arguments import above_zero, http_url, whole
from tidewire.diagnosis.commands import TeachingCommand

REDRAW_SECONDS = 0.1


class Command(TeachingCommand):
    help = (
        "Opens sockets that follow one room, writes messages to it at a rate, and shows how long the events took, from "
        "before the write until they had arrived. The accounts and the room are made for the run, with the environment "
        "of the service, and are erased after it. Ends with 1 when an event did not arrive or a write was refused."
    )
    examples = [
        ("", "100 sockets and 5 messages a second for 10 seconds, on this machine"),
        ("--url https://chat.example.com --sockets 500 --rate 10 --seconds 60", "through the proxy"),
        ("--sockets 1 --rate 1", "the shortest way of one event"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--url", type=http_url, default="http://127.0.0.1:8000", help="The server (http://127.0.0.1:8000)."
        )
        parser.add_argument("--sockets", type=whole(1), default=100, help="How many listen (100).")
        parser.add_argument("--rate", type=above_zero, default=5.0, help="Messages a second (5).")
        parser.add_argument("--seconds", type=above_zero, default=10.0, help="How long (10).")
        parser.add_argument("--cafile", help="Trust these certificates.")

    def handle(self, *args: Any, url: str, sockets: int, rate: float, seconds: float, **options: Any) -> None:
        if seconds > 240:
            raise CommandError("At most 240 seconds: a token lives for 300.")
        self._drawn_at = 0.0
        plan = Plan(url.rstrip("/"), sockets, rate, seconds, options["cafile"])
        made = crowd.make(sockets)
        try:
            result = asyncio.run(run(plan, made, self._draw))
        finally:
            crowd.erase(made)
        self._print(result, plan)
        if result.failed or result.refused or result.missing:
            raise CommandError("Not all arrived.")

    def _draw(self, what: str, done: int, all: int) -> None:
        """Draws a bar, where the output is a terminal."""
        now = time.monotonic()
        if self.stderr.isatty() and (done == all or now - self._drawn_at > REDRAW_SECONDS):
            self._drawn_at = now
            self.stderr.write(f"\r{what:<11}{progress(done, all)} ", ending="\n" if done == all else "")
            self.stderr.flush()

    def _print(self, result: Result, plan: Plan) -> None:
        self.stdout.write(f"{result.connected} of {plan.sockets} sockets in {result.connecting_seconds:.1f} s")
        for why, count in Counter(result.failed).most_common(5):
            self.stdout.write(f"  {count} not: {why}")
        self.stdout.write(f"{len(result.writes)} messages answered: {summary(result.writes)}")
        for why, count in Counter(result.refused).most_common(5):
            self.stdout.write(f"  {count} not: {why}")
        self.stdout.write(f"{len(result.events)} events arrived, {result.missing} did not: {summary(result.events)}")
        self.stdout.write(histogram(result.events))
