"""The middleware of pages, for pages only.

The API reads no cookie, so it has no session, no user of a session and no messages. What would make them ready for each
of its requests stands aside. The admin's checks see subclasses of what they look for.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest

API = "/api/v1/"


class PagesOnly:
    """Before a middleware of Django's."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        return self.get_response(request) if request.path_info.startswith(API) else super().__call__(request)


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass
