"""A user of throw-away Redis servers with the rights that a test gives."""

from __future__ import annotations

from tests.rig import servers

PASSWORD = "p:w"
TRIED = {"client|setinfo", "info"}
"""What is tried and done without, as the page says: redis-py tells each server its name, and the start-up check asks
how much memory there is."""


class RedisUser:
    """A user of these servers, whose rights a test gives. `rule` are those that it needs."""

    def __init__(self, nodes: list[servers.Redis], url: str, rule: str) -> None:
        self.nodes, self.rule = nodes, rule
        self.url = url.replace("://", f"://tidewire:{PASSWORD}@")

    def allow(self, rule: str) -> str:
        """Gives these rights and no others. Returns the URL with which the user signs in."""
        for node in self.nodes:
            node.ask("ACL", "SETUSER", "tidewire", "reset", "on", f">{PASSWORD}", "-@all", *rule.split())
            node.ask("ACL", "LOG", "RESET")
        return self.url

    def denied(self) -> set[str]:
        """Returns what the servers have refused to the user since its rights were given."""
        entries = [entry for node in self.nodes for entry in node.ask("ACL", "LOG")]
        return {_field(entry, "object") for entry in entries} - TRIED

    def remove(self) -> None:
        for node in self.nodes:
            node.ask("ACL", "DELUSER", "tidewire")


def _field(entry: dict[str, str] | list[str], name: str) -> str:
    return entry[name] if isinstance(entry, dict) else entry[entry.index(name) + 1]
