"""`manage.py startresource`: writes an app with a live resource, from the files of tidewire/resource_template/."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.core.management.templates import TemplateCommand

from tidewire.diagnosis.commands import OurCommand
from tidewire.ground.conf import conf

TEMPLATE = Path(__file__).resolve().parents[2] / "resource_template"


class Command(OurCommand):
    help = (
        "Writes an app with a live resource and a live list: model, migration, REST, what is live, who may read it, "
        "and its tests."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("resource", help="The resource's name, in singular: poll.")
        parser.add_argument("--plural", help="The name of the app and of the address; with an s by default.")
        parser.add_argument("--directory", default=str(settings.BASE_DIR), help="Where the app's folder is made.")

    def handle(self, *args: Any, resource: str, plural: str | None, directory: str, **options: Any) -> None:
        app = plural or f"{resource}s"
        for name in (resource, app):
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,18}", name):
                raise CommandError(f"{name!r} is no name for a resource: up to 19 of a-z, 0-9 and _, a letter first.")
        if app == resource:
            raise CommandError("The app needs another name than the resource: --plural.")
        target = Path(directory, app)
        if target.exists() or find_spec(app):
            raise CommandError(f"There is a module {app} already. Choose another name: --plural.")
        target.mkdir(parents=True)
        model = "".join(word.capitalize() for word in resource.split("_"))
        base_module, _, base = conf.VIEW_SET.rpartition(".")
        names = {"resource": resource, "model": model, "base_module": base_module, "base": base}
        names |= {"template": str(TEMPLATE)}
        Template().handle("app", app, str(target), **options, **names, extensions=["py"], files=[], exclude=[])
        self.stdout.write(
            f'{target} is written. Add "{app}" to INSTALLED_APPS, and include("{app}.urls") in your URLs. Where the '
            "settings have a list RESOURCES, one line there does both. Then run:\n"
            f"  python manage.py migrate\n  python manage.py test {app}\n"
            f"The streams are {resource}:<id>, and {resource}_list:<user> for the list."
        )


class Template(TemplateCommand):
    """Django's `startapp`, without its check of the name: Command has checked it, and has made the folder."""

    def validate_name(self, name: str, name_or_dir: str = "name") -> None:
        pass
