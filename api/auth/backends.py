"""Django's authentication backend: how the API, the admin and every form that calls `authenticate` find an account."""

from __future__ import annotations

from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.auth.backends import ModelBackend

from api.models import User


class PasswordBackend(ModelBackend):
    """Compares a password by `User.check_password`, which counts attempts, also where there is no such account."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> Any:
        """Returns the user, or None. Raises Throttled or HashingBusy (api/auth/hashers.py)."""
        email = kwargs.get(User.USERNAME_FIELD) if username is None else username
        if email is None or password is None:
            return None
        user = User.objects.filter(email=email).first() or User(email=email)  # without a password: none is right
        is_right = user.check_password(password)
        return user if is_right and self.user_can_authenticate(user) else None

    async def aauthenticate(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        return await sync_to_async(self.authenticate)(request, *args, **kwargs)
