"""Start-up checks of what is declared for MQTT."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

from django.core import checks
from django.urls import Resolver404, resolve

from tidewire.checks.messages import error, warning
from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry
from tidewire.declare.topics import Topic
from tidewire.mqtt import names

EXAMPLES = ("0197a000-0000-7000-8000-000000000000", "1", "a")
"""Values of parameters, one of which most converters take."""


def check_topic(topic: Topic) -> Iterator[checks.CheckMessage]:
    """Yields what is wrong with a topic: its levels, its parameters, its view."""
    if not topic.is_well_formed or not _is_free(topic):
        hint = (
            'Write levels of a-z, 0-9, _ and -, or {parameters}, such as "metrics/{metric_id}/samples". The first is a '
            f"word of your own, none of the bridge's: {', '.join(sorted(names.OWN_LEVELS))}."
        )
        yield error(topic, "has a wrong path", "E160", hint)
        return
    try:
        urls = [topic.url(dict.fromkeys(topic.parameters, value)) for value in EXAMPLES]
    except (KeyError, IndexError, ValueError):
        yield error(topic, "posts to a URL with other parameters", "E161", "Use those of the path, in braces.")
        return
    if any(other is not topic and _overlap(other, topic) for other in registry.topics):
        yield error(topic, "has paths of another topic", "E162", "Let their first levels differ.")
    views = [view for url in urls if (view := _view_of_posts(url)) is not None]
    if not views:
        hint = "Write the path of a URL of this project whose view answers POST, from its first slash on."
        yield error(topic, f"posts to {topic.post!r}, where no view takes it", "E163", hint)
    elif (topic.number or not topic.identity) and not _takes_idempotency_keys(views[0]):
        hint = "Let the view be a ResourceViewSet of tidewire.rest.views, or take messages with an `identity` only."
        text = f"posts to {topic.post!r}, which knows no Idempotency-Key: a message that comes again makes a second row"
        yield warning(topic, text, "W167", hint)


def _is_free(topic: Topic) -> bool:
    """Whether the first level is a word that the bridge does not use: a parameter could be any of them."""
    first = topic.path.partition("/")[0]
    return first not in names.OWN_LEVELS and not first.startswith("{")


def _overlap(one: Topic, other: Topic) -> bool:
    """Whether a path may be of both topics."""
    pairs = list(zip_longest(one.filter.split("/"), other.filter.split("/")))
    return all(mine == theirs or (None not in (mine, theirs) and "+" in (mine, theirs)) for mine, theirs in pairs)


def _takes_idempotency_keys(view: type) -> bool:
    from tidewire.rest.views import ResourceViewSet  # needs REST framework's settings, which import our packages

    return issubclass(view, ResourceViewSet)


def _view_of_posts(url: str) -> type | None:
    """Returns the class of the view at a URL that answers POST, `object` for a function. None where none does."""
    try:
        view = resolve(url).func
    except Resolver404:
        return None
    actions = getattr(view, "actions", None)  # of a view set
    found = getattr(view, "view_class", getattr(view, "cls", object))
    return found if "post" in (actions if actions is not None else dir(found)) else None


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
