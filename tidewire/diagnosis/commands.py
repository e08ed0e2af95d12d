"""The bases of our commands: a failure is a sentence, and the help of an operator's commands teaches.

Examples stand below the options, and a test parses each of them.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser, DjangoHelpFormatter
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.termcolors import make_style

from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.diagnosis.users import user_id_of
from tidewire.ground import streams
from tidewire.log.database import log_alias

_FOREGROUNDS = ("cyan", "green", "yellow", "magenta", "blue", "red")


EXAMPLES = "examples:"


class ExamplesFormatter(DjangoHelpFormatter):
    """Keeps the lines of the examples, and wraps all other text."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLES) else super()._fill_text(text, width, indent)


class OurCommand(BaseCommand):
    """A command that says in one sentence what is not there: the database, a table, the channel layer. It then ends
    with 1. `--traceback` shows where. Ctrl-C, and a reader that ends (`| head`), end it without a word."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
            raise SystemExit(141) from None
        except Exception as error:
            sentence = what_is_missing(error)
            if sentence is None:
                raise
            raise CommandError(sentence) from error


def what_is_missing(error: Exception) -> str | None:
    """Returns what an error of the database or of Redis means to an operator; None for all other errors."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, DatabaseError) and (_has_no_table(error) or "no such table" in text):
        return f"a table is missing: run `manage.py migrate` ({text})"
    if isinstance(error, LogUnavailableError | OperationalError | InterfaceError):
        return f"the database does not answer; see `manage.py doctor` ({text})"
    if type(error).__module__.partition(".")[0] == "redis":
        return f"Redis does not answer; see `manage.py doctor` ({text})"
    return None


def _has_no_table(error: DatabaseError) -> bool:
    """Whether PostgreSQL knows no such table, or no such column."""
    return getattr(error.__cause__, "sqlstate", None) in ("42P01", "42703")


class TeachingCommand(OurCommand):
    """A command with examples: (arguments, what they do)."""

    examples: Sequence[tuple[str, str]] = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        lines = [EXAMPLES]
        for arguments, what in self.examples:
            lines += [f"  manage.py {subcommand} {arguments}".rstrip(), f"      {what}"]
        kwargs = {"epilog": "\n".join(lines), "formatter_class": ExamplesFormatter, **kwargs}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def user_id(self, text: str) -> str:
        """Returns the id of an account by its id or address. Raises CommandError."""
        try:
            return user_id_of(text, log_alias())
        except LookupError as error:
            raise CommandError(str(error)) from None

    def coloured(self, text: str, key: str) -> str:
        """Returns the text in a colour that is always the same for this key, where the terminal shows colours."""
        if self.style.SUCCESS("x") == "x":
            return text
        return make_style(fg=_FOREGROUNDS[sum(key.encode()) % len(_FOREGROUNDS)])(text)


def stream_name(text: str) -> str:
    """Returns the name of a stream as the log spells it; for `type=` of an argument. Raises ArgumentTypeError."""
    name = streams.canonical(text)
    if streams.parse(name) is None:
        raise ArgumentTypeError(f"{text!r} is no stream: write kind:key, such as room:0197…")
    return name


def table(rows: Sequence[Sequence[object]], headings: Sequence[str]) -> str:
    """Returns rows as text in columns."""
    cells = [list(map(str, row)) for row in [headings, *rows]]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )
