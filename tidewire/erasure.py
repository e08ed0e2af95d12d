"""Public: what an application calls when an account is erased, and registers when it keeps copies of its answers."""

from tidewire.log.erasure import forget_actor, hide_user, on_erasure, show_user
from tidewire.logbook.writing import forget as forget_connections
from tidewire.logbook.writing import logged_users

__all__ = ["forget_actor", "forget_connections", "hide_user", "logged_users", "on_erasure", "show_user"]
