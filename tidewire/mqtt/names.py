"""The topics: what is published and subscribed below MQTT_PREFIX.

keys/{user}/{path}                      from the user of that name: the path of a declared topic
{path}                                  the same, from the one user that holds the path
streams/{kind}/{key}/{type}             the events of a stream
state/{kind}/{key}/{object}/{resource}  retained: the last state of an object
answers/{user}/…                        what a message was answered, where its sender has asked for it
refused/{user}/{path}                   a message that was refused, with the problem
bridge/{generation}                     from the bridge to itself: whether the broker has read its files again
bridge/states                           retained: all states were published
bridge/asked                            from the bridge to itself: what it has asked for has come before
"""

from __future__ import annotations

from dataclasses import dataclass

from tidewire.declare.registry import registry
from tidewire.declare.topics import Topic
from tidewire.ground.conf import conf

MAX_LENGTH = 512
OWN_LEVELS = frozenset({"keys", "streams", "state", "answers", "refused", "bridge"})
"""The first levels below the prefix that no declared topic may have."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the topic of a message says: which declared topic it is, with its parameters; and the user, or "" where the
    path belongs to the user that holds it."""

    topic: Topic
    parameters: dict[str, str]
    path: str
    user: str


def below(*levels: str) -> str:
    return "/".join((conf.MQTT_PREFIX, *levels))


def event(stream: str, type: str) -> str:
    kind, _, key = stream.partition(":")
    return below("streams", kind, key, type)


def events_filter(stream: str) -> str:
    kind, _, key = stream.partition(":")
    return below("streams", kind, key, "#")


def state(stream: str, object: str, type: str) -> str:
    """Returns the retained topic of an object, which the log calls "app.model:key", for events of this type."""
    kind, _, key = stream.partition(":")
    return below("state", kind, key, object.partition(":")[2], resource(type))


def states_filter(stream: str) -> str:
    kind, _, key = stream.partition(":")
    return below("state", kind, key, "#")


def is_state_of(topic: str, stream: str) -> bool:
    """Returns whether a topic is one of the states of a stream."""
    return topic.startswith(states_filter(stream).removesuffix("#"))


def resource(type: str) -> str:
    """Returns the first word of an event's type: `metric.updated` and `metric.alarm` are states of one thing."""
    return type.partition(".")[0]


def answers(user: str) -> str:
    """Returns the beginning of the topics on which a user gets answers."""
    return below("answers", user) + "/"


def refused(user: str, path: str) -> str:
    return below("refused", user or "-", path)


def probe(generation: str) -> str:
    return below("bridge", generation)


def asked() -> str:
    """Returns the topic of a message behind the answers to a question of the bridge (retained.py)."""
    return probe("asked")


def states_mark() -> str:
    """Returns the retained topic that says that all states are retained."""
    return probe("states")


def incoming_filters() -> list[str]:
    """Returns what the bridge subscribes to, besides its own probes."""
    filters = [topic.filter for topic in registry.topics]
    return [below("keys", "+", each) for each in filters] + [below(each) for each in filters]


def sender(topic: str) -> str:
    """Returns the user that a topic names, which alone may publish there; "" where it names none."""
    levels = topic.split("/", 3)
    return levels[2] if levels[:2] == [conf.MQTT_PREFIX, "keys"] and len(levels) > 3 else ""


def parse(topic: str) -> Arrival | None:
    """Returns what the topic of an incoming message says, or None where no declaration knows it."""
    prefix, _, path = topic.partition("/")
    if prefix != conf.MQTT_PREFIX or len(topic) > MAX_LENGTH:
        return None
    user = sender(topic)
    path = path.split("/", 2)[2] if user else path
    for declared in registry.topics:
        parameters = declared.match(path)
        if parameters is not None:
            return Arrival(declared, parameters, path, user)
    return None
