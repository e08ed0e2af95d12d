"""Public: what an application calls when an account is erased, and registers when it keeps copies of its answers."""

from tidewire.log.erasure import forget_actor, hide_user, on_erasure, show_user

__all__ = ["forget_actor", "hide_user", "on_erasure", "show_user"]
