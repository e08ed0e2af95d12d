"""All declarations of the process, by name, model and stream."""

from __future__ import annotations

from typing import Any

from django.db.models import Model

from tidewire.declare.kinds import StreamKind
from tidewire.declare.live import Fact, Live, Touch
from tidewire.declare.topics import Topic

Declaration = Live[Any] | Touch | Fact[Any]


class Registry:
    """All declarations of the process."""

    def __init__(self) -> None:
        self.kinds: dict[str, StreamKind] = {}
        self.lives: list[Live[Any]] = []
        self.touches: list[Touch] = []
        self.facts: list[Fact[Any]] = []
        self.misplaced: list[object] = []
        """What is no declaration, or names no stream of its own. The start-up checks report it."""
        self.deletions: set[tuple[str, str]] = set()
        """(name of the kind, event type) of the deletion events."""
        self.stream_ends: set[tuple[str, str]] = set()
        """The deletion events of rows that own their stream, which ends with them."""

    def add(self, declaration: Declaration) -> None:
        """Keeps a declaration. A wrong one is kept apart, for the start-up checks."""
        if isinstance(declaration, Touch):
            self.touches.append(declaration)
        elif isinstance(declaration, Fact) and self._is_kind(declaration.kind):
            self.facts.append(declaration)
        elif isinstance(declaration, Live) and self._is_kind(getattr(declaration.stream, "kind", None)):
            self._add_live(declaration)
        else:
            self.misplaced.append(declaration)

    def _is_kind(self, kind: object) -> bool:
        """Returns whether it is the one kind of its name. Two kinds of one name would be one family with two rules."""
        return isinstance(kind, StreamKind) and self.kinds.setdefault(kind.name, kind) is kind

    def _add_live(self, declaration: Live[Any]) -> None:
        self.lives.append(declaration)
        if declaration.deleted:
            self.deletions.add((declaration.stream.kind.name, declaration.deleted))
        if declaration.deleted and declaration.owns_stream:
            self.stream_ends.add((declaration.stream.kind.name, declaration.deleted))

    def is_deletion(self, stream: str, type: str) -> bool:
        """Returns whether an event of this type, in this stream, says that its object is gone."""
        return (stream.partition(":")[0], type) in self.deletions

    def ends_stream(self, stream: str, type: str) -> bool:
        """Returns whether an event of this type, in this stream, is the end of the stream. In other streams, such as
        that of a list, the same type may be the end of one object."""
        return (stream.partition(":")[0], type) in self.stream_ends

    def kind_of(self, stream: str) -> StreamKind | None:
        """Returns the kind of a stream, by the stream's name, or None."""
        return self.kinds.get(stream.partition(":")[0])

    def fact_of(self, stream: str, type: str) -> Fact[Any] | None:
        """Returns the fact of this event type in streams like this one, or None."""
        kind = self.kind_of(stream)
        return next((fact for fact in self.facts if fact.kind is kind and fact.type == type), None)

    def lives_of(self, model: type[Model]) -> list[Live[Any]]:
        """Returns the declarations of a model, or of the model that a proxy stands for."""
        concrete = model._meta.concrete_model
        return [live for live in self.lives if live.model is concrete]

    def touches_of(self, model: type[Model]) -> list[Touch]:
        """Returns the declarations that make rows of a model part of others."""
        concrete = model._meta.concrete_model
        return [touch for touch in self.touches if touch.model is concrete]

    def searched_of(self, model: type[Model]) -> tuple[str, ...]:
        """Returns the names of the columns by which rows of a model are found, of all its declarations."""
        return tuple(dict.fromkeys(name for live in self.lives_of(model) for name in live.searched))

    def placing_columns(self, model: type[Model]) -> set[str]:
        """Returns the columns whose change moves a row of `model` to another stream, or to another parent."""
        columns = {self._first_column(live) for live in self.lives_of(model)}
        return (columns | {touch.parent_attname for touch in self.touches_of(model)}) - {model._meta.pk.attname}

    @staticmethod
    def _first_column(live: Live[Any]) -> str:
        """Returns the row's own column of the path to its stream."""
        first = live.stream.path.partition("__")[0]
        return live.model._meta.get_field(first).attname if live.stream.relation else first

    @property
    def topics(self) -> list[Topic]:
        """All topics of MQTT, each once."""
        found = [declaration.topic for declaration in (*self.lives, *self.facts) if declaration.topic is not None]
        return list(dict.fromkeys(found))

    def models(self) -> list[type[Model]]:
        """Returns all declared models, each once."""
        return list(dict.fromkeys(declaration.model for declaration in [*self.lives, *self.touches]))


registry = Registry()


def register(*declarations: Declaration) -> None:
    """Makes models live, and facts known. Called while apps are loading, from an app's `live.py`."""
    for declaration in declarations:
        registry.add(declaration)
