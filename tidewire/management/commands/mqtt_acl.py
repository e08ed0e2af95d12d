"""`manage.py mqtt_acl`: writes the broker's password and ACL files once."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError

from tidewire.diagnosis.commands import OurCommand
from tidewire.mqtt import files, users


class Command(OurCommand):
    help = (
        "Writes the broker's password and ACL files. The bridge keeps them true while it runs; this is for the first "
        "start of the broker."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--print", action="store_true", dest="prints", help="print the ACL file, and write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        access = users.read()
        if options["prints"]:
            self.stdout.write(files.render(access).acl, ending="")
            return
        place: Path | None = files.folder()
        if place is None:
            raise CommandError("MQTT_FILES names no folder")
        earlier = files.holders_in(files.stored(place))
        # Only the bridge may give a path to another user: it knows what has arrived for the earlier one.
        holders = {path: user for path, user in access.holders.items() if earlier.get(path, user) == user}
        is_changed = files.write(files.render(access, holders), place)
        self.stdout.write(f"{len(access.users)} keys in {place}: {'written' if is_changed else 'unchanged'}")
