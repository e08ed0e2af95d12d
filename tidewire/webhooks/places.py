"""What a position does next: a message, a step over events that are not wanted, an end, or nothing.

Works on rows that were read; stores nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tidewire.ground.positions import ENVELOPE_BYTES, PAGE_BYTES
from tidewire.log.tables import Stream
from tidewire.webhooks import messages, notices, reading
from tidewire.webhooks.leases import release
from tidewire.webhooks.messages import LoggedEvent
from tidewire.webhooks.outcomes import Message
from tidewire.webhooks.reading import Reading
from tidewire.webhooks.tables import WebhookEndpoint, WebhookPosition

HIDDEN_SECONDS = 2.0
"""After this time events of an account that is being erased are looked at again."""
BROKEN_SECONDS = 60.0

logger = logging.getLogger(__name__)


class Places:
    """Goes on with positions of one turn. `secrets` are those of each endpoint, unsealed."""

    def __init__(
        self,
        read: Reading,
        endpoints: Mapping[UUID, WebhookEndpoint],
        secrets: Mapping[UUID, tuple[str, ...]],
        now: datetime,
        using: str,
    ) -> None:
        self._read, self._endpoints, self._secrets = read, endpoints, secrets
        self._now, self._using = now, using
        self.messages: list[Message] = []
        self.has_more = False
        """Whether a position stepped over events and may go on at once."""

    def proceed(self, position: WebhookPosition) -> None:
        """Adds the next message of a position to `messages`, or releases the position."""
        endpoint, stream = self._endpoints[position.endpoint_id], self._read.streams[position.stream_id]
        try:
            message = self._next(position, endpoint, stream)
        except Exception:
            logger.exception("the position of a webhook in %s cannot go on, and will be tried again", stream.name)
            position.due_at = self._now + timedelta(seconds=BROKEN_SECONDS)
            message = None
        if message is None:
            release(position)
        else:
            self.messages.append(message)

    def _next(self, position: WebhookPosition, endpoint: WebhookEndpoint, stream: Stream) -> Message | None:
        if stream.name not in self._read.readable[endpoint.owner]:
            position.ended_at, position.message_id, position.until = self._now, "", 0
            notices.send(endpoint, notices.STREAM_ENDED, self._using, stream=stream.name)
            return None
        if position.pk in self._read.hidden:
            position.due_at = self._now + timedelta(seconds=HIDDEN_SECONDS)
            return None
        events = self._read.events.get(position.pk, [])
        place = self._lost(position, stream, events)
        if place is not None:
            return self._reset(position, endpoint, stream, self._named(position, stream) or place)
        wanted = chosen(events, endpoint, is_fixed=_is_under_way(position))
        if wanted:
            return self._message(position, endpoint, stream, wanted)
        if events:
            position.offset, position.message_id, position.until = events[-1].offset, "", 0
            self.has_more |= stream.head > position.offset
        return None

    def _lost(self, position: WebhookPosition, stream: Stream, events: Sequence[LoggedEvent]) -> tuple[str, int] | None:
        """Returns the place where the endpoint goes on if the log does not go on from its position, else None."""
        if position.epoch != stream.epoch or stream.head < position.offset:
            return stream.epoch, stream.head
        if events:
            first = events[0].offset - 1
            return (stream.epoch, first) if first != position.offset else None
        if stream.head > position.offset:
            return stream.epoch, reading.first_kept(stream, self._using)
        return None

    def _named(self, position: WebhookPosition, stream: Stream) -> tuple[str, int] | None:
        """Returns the place that an earlier attempt of a reset has named, if the log still goes on from there."""
        place = (stream.epoch, position.until)
        if position.message_id != _reset_id(position, stream, place):
            return None
        return place if reading.first_kept(stream, self._using) <= position.until <= stream.head else None

    def _reset(
        self, position: WebhookPosition, endpoint: WebhookEndpoint, stream: Stream, place: tuple[str, int]
    ) -> Message:
        id = _reset_id(position, stream, place)
        if position.message_id != id:
            position.message_id, position.until = id, place[1]
            notices.send(endpoint, notices.POSITION_LOST, self._using, stream=stream.name)
        body = messages.reset(stream.name, *place, at=self._now)
        return self._to(position, endpoint, messages.RESET, body, place[0], place[1], place[1], None)

    def _message(
        self, position: WebhookPosition, endpoint: WebhookEndpoint, stream: Stream, wanted: Sequence[LoggedEvent]
    ) -> Message:
        """Makes the message of these events. That of an earlier attempt keeps its id and its form."""
        is_again = _is_under_way(position)
        is_single = position.message_id == messages.single_id(wanted[0]) if is_again else endpoint.max_events == 1
        first, last = wanted[0].offset, wanted[-1].offset
        if not is_again:
            batch_id = messages.batch_id(stream.name, stream.epoch, first, last)
            position.message_id = messages.single_id(wanted[0]) if is_single else batch_id
            position.until = last
        if is_single:
            body, type = messages.single(stream.name, stream.epoch, wanted[0]), wanted[0].type
        else:
            body, type = messages.batch(stream.name, stream.epoch, wanted), messages.BATCH
        return self._to(position, endpoint, type, body, stream.epoch, first, position.until, wanted[0].at)

    def _to(
        self,
        position: WebhookPosition,
        endpoint: WebhookEndpoint,
        type: str,
        body: str,
        epoch: str,
        first: int,
        last: int,
        committed_at: datetime | None,
    ) -> Message:
        return Message(
            endpoint=endpoint.pk,
            url=endpoint.url,
            secrets=self._secrets[endpoint.pk],
            id=position.message_id,
            type=type,
            body=body,
            position=position.pk,
            stream=position.stream_id,
            epoch=epoch,
            first=first,
            last=last,
            committed_at=committed_at,
        )


def _reset_id(position: WebhookPosition, stream: Stream, place: tuple[str, int]) -> str:
    return messages.reset_id(stream.name, (position.epoch, position.offset), place)


def _is_under_way(position: WebhookPosition) -> bool:
    """Returns whether there was an attempt to send the next events, which fixed how many they are."""
    return position.message_id != "" and position.until > position.offset


def chosen(events: Sequence[LoggedEvent], endpoint: WebhookEndpoint, *, is_fixed: bool = False) -> list[LoggedEvent]:
    """Returns the first of these events that the endpoint gets in one message, bounded in number and bytes unless an
    earlier attempt has fixed them."""
    found: list[LoggedEvent] = []
    size = 0
    for event in events:
        if endpoint.types and event.type not in endpoint.types:
            continue
        size += len(event.payload.encode()) + ENVELOPE_BYTES
        if not is_fixed and (len(found) == endpoint.max_events or (found and size > PAGE_BYTES)):
            break
        found.append(event)
    return found
