"""`manage.py asyncapi`: writes the AsyncAPI document, as `spectacular` writes that of OpenAPI."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from tidewire.asyncapi import document
from tidewire.diagnosis.commands import OurCommand


class Command(OurCommand):
    help = "Writes the AsyncAPI 3 document of the WebSocket, which is made from the declarations of live models."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, help="the file to write (default: standard output)")
        parser.add_argument("--format", choices=("yaml", "json"), default="yaml")

    def handle(self, *args: Any, file: Path | None, format: str, **options: Any) -> None:
        text = (document.to_json if format == "json" else document.to_yaml)(document.document())
        if file is None:
            sys.stdout.write(text)
        else:
            file.write_text(text, encoding="utf-8")
