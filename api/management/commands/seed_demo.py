"""Demo data, made once: three users, a public and a private room with some messages, and a dashboard."""

from __future__ import annotations

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from api.management.host_metrics import METRICS
from api.models import Dashboard, DashboardMember, Key, Member, Message, Metric, Room, User
from tidewire.diagnosis.commands import OurCommand

# Everybody is in the lobby. Charlie is not in the private room.
PEOPLE = ("alice", "bob", "charlie")
ROOMS = {
    "lobby": (Room.Kind.PUBLIC, PEOPLE, [("alice", "Welcome to the lobby."), ("charlie", "Hello, everybody!")]),
    "engine room": (Room.Kind.PRIVATE, ("alice", "bob"), [("alice", "Only we two read this."), ("bob", "Aye.")]),
}


class Command(OurCommand):
    help = "Makes demo accounts with random passwords, rooms, messages and a dashboard. Again, it changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--print", action="store_true", dest="only_print", help="show the addresses and logins only"
        )

    def handle(self, *args: Any, only_print: bool, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("Demo accounts, one of them an administrator, do not belong on a production server.")
        path = settings.DATA_DIR / "demo_logins.json"
        if not only_print:
            logins = _read(path)
            users = {name: _person(name, logins) for name in PEOPLE}  # hashes, so outside the transaction
            with transaction.atomic():
                for name in ROOMS:
                    _furnish(name, users)
            _write(path, logins)
            _measure(settings.DATA_DIR / "demo_dashboard.json", users)
            _make_key(settings.DATA_DIR / "demo_key.json")
        self._show(path)

    def _show(self, path: Path) -> None:
        base = f"http://localhost:{os.environ.get('PORT', '8000')}"
        if key := _read(settings.DATA_DIR / "demo_key.json").get("key"):
            self.stdout.write(f"Demo    {base}/demo/enter/{key}/")
        self.stdout.write(f"API     {base}/api/v1/\nDocs    {base}/api/docs/\nAdmin   {base}/admin/")
        self.stdout.write(f"Socket  ws{base[4:]}/connection/websocket\n\nDemo logins (kept in {path}):")
        for email, password in _read(path).items():
            self.stdout.write(f"  {email:<22} {password}")


def _person(name: str, logins: dict[str, str]) -> User:
    """Returns the account, and gives it a password unless `logins` has one. Alice may enter the admin."""
    email = f"{name}@example.com"
    user = User.objects.filter(email=email).first()
    if user and email in logins:
        return user
    password = logins.setdefault(email, secrets.token_urlsafe(12))
    if user is None:
        is_admin = name == "alice"
        return User.objects.create_user(
            email, password, name=name.capitalize(), is_staff=is_admin, is_superuser=is_admin
        )
    user.set_password(password)
    user.save(update_fields=["password"])
    return user


def _furnish(name: str, users: dict[str, User]) -> None:
    kind, people, messages = ROOMS[name]
    if Room.objects.filter(name=name, kind=kind, members__user=users["alice"]).exists():
        return
    room = Room.objects.create(name=name, kind=kind)
    for person in people:
        role = Member.Role.OWNER if person == "alice" else Member.Role.MEMBER
        Member.objects.create(room=room, user=users[person], role=role)
    for person, text in messages:
        Message.objects.create(room=room, author=users[person], text=text)


def _measure(path: Path, users: dict[str, User]) -> None:
    """Makes a dashboard of this machine, and the key of `push_host_metrics --demo`, which can only record samples."""
    if Dashboard.objects.filter(pk=_read(path).get("dashboard")).exists():
        return
    with transaction.atomic():
        dashboard = Dashboard.objects.create(name="This machine")
        for person, role in {"alice": Member.Role.OWNER, "bob": Member.Role.MEMBER}.items():
            DashboardMember.objects.create(dashboard=dashboard, user=users[person], role=role)
        for key, about in METRICS.items():
            thresholds = about.get("thresholds", {})
            Metric.objects.create(dashboard=dashboard, key=key, name=about["name"], unit=about["unit"], **thresholds)
        key = Key.objects.issue(users["alice"], made_by=None, name="push_host_metrics", scopes=["samples:write"])
    _write(path, {"dashboard": str(dashboard.pk), "key": key.text})


def _make_key(path: Path) -> None:
    """Makes the key with which a browser of this machine enters the demo page (backend/demo.py), the first time."""
    if not _read(path):
        _write(path, {"key": secrets.token_urlsafe(24)})


def _read(path: Path) -> dict[str, str]:
    return json.loads(path.read_text()) if path.exists() else {}


def _write(path: Path, logins: dict[str, str]) -> None:
    """Replaces the file in one step. Only its owner can ever read it: mkstemp creates it with mode 0600."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    with os.fdopen(handle, "w") as file:
        json.dump(logins, file, indent=2)
    os.replace(temporary, path)
