"""`manage.py token`: signs an account in without its password, and prints the tokens."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import CommandError, CommandParser
from rest_framework.exceptions import AuthenticationFailed

from api.auth import sessions
from api.models import User
from tidewire.diagnosis.commands import TeachingCommand


class Command(TeachingCommand):
    help = (
        "Starts a session for an account, without its password, and prints its access token, to see what it sees. "
        "The session is one of the account's, named `manage.py token`; the user and the admin can end it. "
        "The token is a secret: it shows all that the user may read."
    )
    examples = [
        ("bob@example.com", "the access token alone, for a shell: TOKEN=$(manage.py token bob@example.com)"),
        ("bob@example.com --json", "with the refresh token"),
    ]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="The account: its id, or its address.")
        parser.add_argument("--json", action="store_true", help="All that a sign-in answers.")

    def handle(self, *args: Any, user: str, **options: Any) -> None:
        account = User.objects.get(pk=self.user_id(user))
        try:
            pair = sessions.sign_in_as(account, device="manage.py token")
        except AuthenticationFailed:
            raise CommandError(f"{user} is not active.") from None
        self.stdout.write(json.dumps(pair) if options["json"] else pair["access"])
