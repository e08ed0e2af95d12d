"""Which models are captured: the declared ones, and all whose rows their events show or their versions need."""

from __future__ import annotations

from collections.abc import Iterable

from django.apps import apps
from django.db.models import Model

from tidewire.capture import patches, receivers, relations
from tidewire.capture.relatives import children_of, concrete, parents_of
from tidewire.capture.versions import versions_of
from tidewire.declare.registry import registry


def start() -> None:
    """Replaces Django's methods and captures all declared models. Called when the apps are loaded.

    Calling it again, when more is declared, changes nothing for the others.
    """
    patches.install()
    relations.forget()
    for model in dict.fromkeys(_captured()):
        patches.capture(model)
    for model in dict.fromkeys(_noted()):
        receivers.connect(model)
    for through in relations.shown_relations():
        receivers.connect_relation(through)


def _noted() -> Iterable[type[Model]]:
    """Yields the models whose writes are noted: relatives by inheritance write the same tables."""
    for model in [*registry.models(), *relations.shown_relations()]:
        own = concrete(model)
        yield from (own, *parents_of(own), *children_of(own))


def _captured() -> Iterable[type[Model]]:
    yield from _noted()
    yield from (model for model in apps.get_models() if versions_of(model) and not model._meta.proxy)
