"""Start-up checks of what is declared for MQTT."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks
from django.urls import Resolver404, resolve

from tidewire.checks.messages import error
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.declare.topics import Topic

EXAMPLES = ("0197a000-0000-7000-8000-000000000000", "1", "a")
"""Values of parameters, one of which most converters take."""


def check_topic(topic: Topic) -> Iterator[checks.CheckMessage]:
    """Yields what is wrong with a topic: its levels, its parameters, its view."""
    if not topic.is_well_formed or topic.path.startswith("keys/"):
        hint = 'Write levels of a-z, 0-9, _ and -, or {parameters}, such as "metrics/{metric_id}/samples".'
        yield error(topic, "has a wrong path", "E160", hint)
        return
    try:
        urls = [topic.url(dict.fromkeys(topic.parameters, value)) for value in EXAMPLES]
    except (KeyError, IndexError, ValueError):
        yield error(topic, "posts to a URL with other parameters", "E161", "Use those of the path, in braces.")
        return
    if any(other is not topic and other.filter == topic.filter for other in registry.topics):
        yield error(topic, "has the path of another topic", "E162", "Let their first levels differ.")
    if not any(_takes_posts(url) for url in urls):
        hint = "Write the path of a URL of this project whose view answers POST, from its first slash on."
        yield error(topic, f"posts to {topic.post!r}, where no view takes it", "E163", hint)


def _takes_posts(url: str) -> bool:
    try:
        view = resolve(url).func
    except Resolver404:
        return False
    actions = getattr(view, "actions", None)  # of a view set
    methods = actions if actions is not None else dir(getattr(view, "view_class", getattr(view, "cls", object)))
    return "post" in methods


def check_kind_on_mqtt(kind: StreamKind) -> Iterator[checks.CheckMessage]:
    """Yields what is wrong with a kind's `retained`."""
    if not kind.retained:
        return
    if not kind.is_on_mqtt:
        yield error(kind, "retains states, and is not on MQTT", "E164", "Set is_on_mqtt=True, or drop `retained`.")
    types = {fact.type for fact in registry.facts if fact.kind is kind}
    for live in registry.lives:
        if live.stream.kind is kind:
            types |= {type for type, is_key_only in live.types.items() if not is_key_only}
    unknown = [kind.retained] if isinstance(kind.retained, str) else sorted(set(kind.retained) - types)
    if unknown:
        hint = "Name types of events that show a state: those of creations and updates, and facts."
        yield error(kind, f"retains what is no state of this kind: {', '.join(unknown)}", "E165", hint)
