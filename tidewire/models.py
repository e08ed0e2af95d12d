"""The app's models, where Django looks for them: the event log's tables, and what live models build on."""

from tidewire.capture.models import LiveModel, VersionField
from tidewire.capture.querysets import LiveQuerySet
from tidewire.log.tables import DelayedEvent, Event, Stream, Turn

__all__ = ["DelayedEvent", "Event", "LiveModel", "LiveQuerySet", "Stream", "Turn", "VersionField"]
