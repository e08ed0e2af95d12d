"""All declarations of the process, by name, model and stream."""

from __future__ import annotations

from typing import Any

from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch

Declaration = Live | Touch | Fact


class Registry:
    """All declarations of the process."""

    def __init__(self) -> None:
        self.kinds: dict[str, StreamKind] = {}
        self.lives: list[Live] = []
        self.touches: list[Touch] = []
        self.facts: list[Fact] = []
        self.misplaced: list[Any] = []  # what cannot even be kept; the start-up checks tell of it
        self.deletion_types: set[str] = set()
        self.ending_types: set[str] = set()

    def add(self, declaration: Declaration) -> None:
        if isinstance(declaration, Touch):
            self.touches.append(declaration)
        elif isinstance(declaration, Fact) and self._has_room_for(declaration.kind):
            self.facts.append(declaration)
        elif isinstance(declaration, Live) and self._has_room_for(getattr(declaration.stream, "kind", None)):
            self._add_live(declaration)
        else:
            self.misplaced.append(declaration)

    def _has_room_for(self, kind: Any) -> bool:
        """Two kinds of one name would be one family of streams with two rules."""
        return isinstance(kind, StreamKind) and self.kinds.setdefault(kind.name, kind) is kind

    def _add_live(self, declaration: Live) -> None:
        self.lives.append(declaration)
        if declaration.deleted:
            self.deletion_types.add(declaration.deleted)
        if declaration.deleted and declaration.owns_stream:
            self.ending_types.add(declaration.deleted)

    def kind_of(self, stream: str) -> StreamKind | None:
        """The kind of a stream, by its name."""
        return self.kinds.get(stream.partition(":")[0])

    def fact_of(self, stream: str, type: str) -> Fact | None:
        """The fact that this type is in streams like this one."""
        kind = self.kind_of(stream)
        return next((fact for fact in self.facts if fact.kind is kind and fact.type == type), None)

    def lives_of(self, model: type) -> list[Live]:
        concrete = model._meta.concrete_model
        return [live for live in self.lives if live.model is concrete]

    def touches_of(self, model: type) -> list[Touch]:
        concrete = model._meta.concrete_model
        return [touch for touch in self.touches if touch.model is concrete]

    def places(self, model: type) -> set[str]:
        """The columns whose change moves a row of `model` to another stream, or to another parent."""
        columns = {live.stream.attname for live in self.lives_of(model)}
        return (columns | {touch.parent_attname for touch in self.touches_of(model)}) - {model._meta.pk.attname}

    def models(self) -> list[type]:
        return list(dict.fromkeys(declaration.model for declaration in [*self.lives, *self.touches]))


registry = Registry()


def register(*declarations: Declaration) -> None:
    """Makes models live, and facts known. Called while apps are loading, from an app's `live.py`."""
    for declaration in declarations:
        registry.add(declaration)
