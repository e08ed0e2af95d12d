"""Writes the AsyncAPI document, as `spectacular` writes OpenAPI's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tidewire.asyncapi import document


class Command(BaseCommand):
    help = "The AsyncAPI 3 document of the socket, made from what is declared live."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="where to write it; standard output by default")
        parser.add_argument("--format", choices=("yaml", "json"), default="yaml")

    def handle(self, *args: Any, file: Path | None, format: str, **options: Any) -> None:
        text = (document.to_json if format == "json" else document.to_yaml)(document.document())
        if file is None:
            sys.stdout.write(text)
        else:
            file.write_text(text, encoding="utf-8")
