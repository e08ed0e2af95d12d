"""Public: the base of live models; and the tables of the engine, because Django looks for models here."""

from tidewire.capture.models import LiveModel, VersionField
from tidewire.capture.querysets import LiveQuerySet
from tidewire.log.tables import DelayedEvent, Event, NextRelease, Stream
from tidewire.rest.answers import Answer, AnswerName

__all__ = [
    "Answer",
    "AnswerName",
    "DelayedEvent",
    "Event",
    "LiveModel",
    "LiveQuerySet",
    "NextRelease",
    "Stream",
    "VersionField",
]
