"""Public: the base of live models; and the tables of the event log, because Django looks for models here."""

from tidewire.capture.models import LiveModel, VersionField
from tidewire.capture.querysets import LiveQuerySet
from tidewire.log.tables import DelayedEvent, Event, NextRelease, Stream

__all__ = ["DelayedEvent", "Event", "LiveModel", "LiveQuerySet", "NextRelease", "Stream", "VersionField"]
