"""Public: a base for live models, their version; and the tables of the engine, because Django looks for models here."""

from tidewire.capture.models import LiveModel
from tidewire.capture.querysets import LiveQuerySet
from tidewire.capture.versions import VersionField
from tidewire.centrifugo.tables import EdgeMessage, EdgePosition, EdgeSubscription
from tidewire.jobs.tables import Chore, Job
from tidewire.log.tables import DelayedEvent, ErasureClock, Event, HiddenUser, NextRelease, Stream
from tidewire.logbook.tables import LoggedConnection, LoggedProcess
from tidewire.mqtt.tables import MqttPosition, MqttReceipt
from tidewire.rest.answers import Answer, AnswerName
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition, WebhookSecret

__all__ = [
    "Answer",
    "AnswerName",
    "Chore",
    "DelayedEvent",
    "EdgeMessage",
    "EdgePosition",
    "EdgeSubscription",
    "ErasureClock",
    "Event",
    "HiddenUser",
    "Job",
    "LiveModel",
    "LiveQuerySet",
    "LoggedConnection",
    "LoggedProcess",
    "MqttPosition",
    "MqttReceipt",
    "NextRelease",
    "Stream",
    "VersionField",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookPosition",
    "WebhookSecret",
]
