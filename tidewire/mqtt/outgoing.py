"""Events from the log to the broker: each stream in order, each event at least once, with its position.

A position is stored after the broker has confirmed the events before it. After a crash, of the bridge or of the broker,
the events since the stored position are published again, and those that the broker may not have saved (confirmed.py).
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence

from tidewire.declare.registry import registry
from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.ground.positions import Entry
from tidewire.mqtt import names, reading, retained
from tidewire.mqtt.confirmed import Confirmed
from tidewire.mqtt.link import JSON, Link, Publishing
from tidewire.mqtt.reading import Run

RESET = "stream.reset"
"""The type of the message that says that events are missing before it: read the state anew."""
STATES = 32
"""Streams whose states are published again in one round."""

BeforeEvents = Callable[[Sequence[Run]], Awaitable[None]]
"""Called with events that were read: returns when the broker knows who may read them."""


class Outgoing:
    """Publishes over one connection."""

    def __init__(self, link: Link, reader: Reader, before: BeforeEvents) -> None:
        self._link, self._reader, self._before = link, reader, before
        self._confirmed = Confirmed()
        self._refused_states: set[str] | None = None
        """Streams of which the broker has refused states; None before they were published at all."""

    async def publish_next(self, *, only_touched: bool) -> bool:
        """Publishes the next events of the streams that have moved on. Returns whether there may be more.

        A stream of which the broker refuses an event (a wrong ACL, a quota of its own) is tried again in a later round.
        """
        runs: list[Run] = await self._reader.run(lambda: reading.behind(only_touched=only_touched))
        if not runs:
            return False
        await self._before(runs)
        taken = await self._publish(runs)
        unclear = await self._clear(taken)
        taken = [run for run in taken if run.stream not in unclear]
        now = time.monotonic()
        await self._reader.run(reading.store, taken, [self._confirmed.note(run, now) for run in taken])
        metrics.mqtt_published.inc(sum(len(run.entries) for run in taken))
        return len(taken) == reading.STREAMS or any(run.has_more for run in taken)

    async def _publish(self, runs: Sequence[Run]) -> list[Run]:
        """Returns those of which the broker has taken all messages."""
        messages = [(run, message) for run in runs for message in self._all_messages(run)]
        refusals = await self._link.publish_all([message for _, message in messages])
        refused = {run.stream_id for (run, _), refusal in zip(messages, refusals, strict=True) if refusal}
        return [run for run in runs if run.stream_id not in refused]

    def _all_messages(self, run: Run) -> list[Publishing]:
        messages = [self._reset(run)] if run.lost else []
        return messages + [message for entry in run.entries for message in self._messages(run, entry)]

    def _messages(self, run: Run, entry: Entry) -> list[Publishing]:
        place = self._link.properties(
            ("stream", run.stream), ("epoch", run.epoch), ("offset", str(entry.offset)), ContentType=JSON
        )
        messages: list[Publishing] = [(names.event(run.stream, entry.type), _event(run, entry), False, place)]
        object = run.objects.get(entry.offset)
        if object is not None:
            messages += self._states(run.stream, run.epoch, object, entry)
        return messages

    def _states(self, stream: str, epoch: str, object: str, entry: Entry) -> list[Publishing]:
        """Returns the retained message of an object's new state; after its deletion, what clears all of its states."""
        if registry.is_deletion(stream, entry.type):
            kind = registry.kind_of(stream)
            types = kind.retained if kind is not None else ()
            topics = sorted({names.state(stream, object, type) for type in types})
            return [(topic, b"", True, None) for topic in topics]
        place = self._link.properties(
            ("stream", stream), ("epoch", epoch), ("offset", str(entry.offset)), ContentType=JSON
        )
        return [(names.state(stream, object, entry.type), _state(stream, epoch, entry), True, place)]

    def _reset(self, run: Run) -> Publishing:
        body = {"stream": run.stream, "epoch": run.epoch, "offset": run.begin, "type": RESET}
        place = self._link.properties(
            ("stream", run.stream), ("epoch", run.epoch), ("offset", str(run.begin)), ContentType=JSON
        )
        return names.event(run.stream, RESET), json.dumps(body, separators=(",", ":")), False, place

    # -- what the broker retains -------------------------------------------------------------------------------------

    async def publish_states(self) -> bool:
        """Publishes what is to be retained, for a broker that has lost it; the next time only what was refused. Returns
        whether the broker has it all."""
        earlier, self._refused_states = self._refused_states, set()
        after: int | None = 0  # streams are read in the order of their keys
        while after is not None:
            states, after = await self._reader.run(reading.states, after, STATES, earlier)
            messages = [
                (stream, message)
                for stream, object, entry, epoch in states
                for message in self._states(stream, epoch, object, entry)
            ]
            refusals = await self._link.publish_all([message for _, message in messages])
            pairs = zip(messages, refusals, strict=True)
            self._refused_states |= {stream for (stream, _), refusal in pairs if refusal}
        if self._refused_states:
            return False
        return not any(await self._link.publish_all([(names.states_mark(), b"1", True, None)]))

    async def _clear(self, runs: Sequence[Run]) -> set[str]:
        """Clears all that is retained of the streams that have ended. Returns those of which the broker has refused
        something: they are tried again in a later round."""
        ended = [
            run.stream for run in runs if any(registry.ends_stream(run.stream, entry.type) for entry in run.entries)
        ]
        if not ended:
            return set()
        topics = await retained.topics([names.states_filter(stream) for stream in ended], self._link)
        refusals = await self._link.publish_all([(topic, b"", True, None) for topic in topics])
        left = [topic for topic, refusal in zip(topics, refusals, strict=True) if refusal]
        return {stream for stream in ended if any(names.is_state_of(topic, stream) for topic in left)}


def _event(run: Run, entry: Entry) -> str:
    """Returns the event's JSON with its place. The JSON of the log is not parsed."""
    place = f'"stream":{json.dumps(run.stream)},"epoch":{json.dumps(run.epoch)},"offset":{entry.offset}'
    return f"{{{place},{entry.payload[1:]}"


def _state(stream: str, epoch: str, entry: Entry) -> str:
    """Returns what is retained of an event: it names no actor, whose account may be erased while the broker has it."""
    event = json.loads(entry.payload)
    body = {"stream": stream, "epoch": epoch, "offset": entry.offset, "type": event["type"], "at": event["at"]}
    return json.dumps({**body, "data": event["data"]}, separators=(",", ":"), ensure_ascii=False)
