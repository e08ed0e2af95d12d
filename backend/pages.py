"""Django's middleware for sessions, users and messages, skipped for the API.

The API reads no cookie, so it has no session, no user of a session and no messages. Skipping these saves their work for
each request. They stay subclasses of Django's classes, which the admin's checks require.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest

API = "/api/v1/"


class PagesOnly:
    """A mixin that skips a middleware of Django for requests under API."""

    get_response: Any

    def __call__(self, request: HttpRequest) -> Any:
        if request.path_info.startswith(API):
            return self.get_response(request)
        return super().__call__(request)  # pyright: ignore[reportAttributeAccessIssue]  the middleware's, by its mixin


class SessionMiddleware(PagesOnly, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(PagesOnly, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(PagesOnly, messages.MessageMiddleware):
    pass
