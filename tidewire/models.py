"""Public: the base of live models; and the tables of the engine, because Django looks for models here."""

from tidewire.capture.models import LiveModel, VersionField
from tidewire.capture.querysets import LiveQuerySet
from tidewire.jobs.tables import Chore, Job
from tidewire.log.tables import DelayedEvent, Event, HiddenUser, NextRelease, Stream
from tidewire.rest.answers import Answer, AnswerName

__all__ = [
    "Answer",
    "AnswerName",
    "Chore",
    "DelayedEvent",
    "Event",
    "HiddenUser",
    "Job",
    "LiveModel",
    "LiveQuerySet",
    "NextRelease",
    "Stream",
    "VersionField",
]
