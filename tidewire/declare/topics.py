"""What an application declares about MQTT: topics whose messages create rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tidewire.declare.kinds import declared_here

_LEVEL = re.compile(r"[a-z][a-z0-9_-]*|\{[a-z][a-z0-9_]*\}")

Holders = Callable[[], Mapping[str, str]]
"""`() -> {path: user name}`: the paths on which one user of the broker publishes without naming itself."""


@dataclass(frozen=True, eq=False)
class Topic:
    """A topic of MQTT. Each message on it becomes a POST to a view, as the user of the broker that published it.

        Topic("metrics/{metric_id}/samples", post="/api/v1/metrics/{metric_id}/samples/", number="value")

    - `path` are the levels below `{prefix}/keys/{user}/`. Those in braces are the parameters of the URL.
    - `post` is the URL's path, with the same parameters. Permissions, serializer and quotas are those of its view.
    - `number` names the field of a message that is a bare number. None refuses such messages.
    - `batch` names the field of a message that is a list. None refuses such messages.
    - `identity` names the field by which the same message, sent again, makes no second row, such as "id". Where a
      message has none, the bridge remembers which deliveries of the broker it has done, and gives the view an
      `Idempotency-Key`, which every `ResourceViewSet` takes.
    - `holders()` returns which of the paths one user has for itself, and which user. Such a user may leave out
      `keys/{user}/`. It is synchronous and runs in a database thread.
    """

    path: str
    post: str
    number: str | None = None
    batch: str | None = None
    identity: str | None = None
    holders: Holders | None = None
    declared_at: str = field(init=False, default_factory=declared_here)

    def __str__(self) -> str:
        return f"Topic({self.path!r})"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in braces, in order."""
        return tuple(level[1:-1] for level in self.path.split("/") if level.startswith("{"))

    @property
    def filter(self) -> str:
        """The path as a filter of MQTT, with + for each parameter."""
        return "/".join("+" if level.startswith("{") else level for level in self.path.split("/"))

    @property
    def is_well_formed(self) -> bool:
        """Whether all levels are names or parameters, each parameter once."""
        levels = self.path.split("/")
        return all(_LEVEL.fullmatch(level) for level in levels) and len(set(self.parameters)) == len(self.parameters)

    def match(self, path: str) -> dict[str, str] | None:
        """Returns the parameters in a path, or None where it is of another topic."""
        ours, theirs = self.path.split("/"), path.split("/")
        if len(ours) != len(theirs):
            return None
        found: dict[str, str] = {}
        for mine, level in zip(ours, theirs, strict=True):
            if mine.startswith("{"):
                found[mine[1:-1]] = level
            elif mine != level:
                return None
        return found

    def url(self, parameters: Mapping[str, str]) -> str:
        """Returns the path of the URL for these parameters."""
        return self.post.format_map(parameters)
