"""Messages from devices: each is stored before it is acknowledged to the broker.

Messages of one topic are stored in their order, those of different topics side by side. At most MQTT_WINDOW messages
wait to be acknowledged (inlet.py), so a database that is slow or away makes the broker wait, not this process grow.
"""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections import deque
from collections.abc import Callable
from typing import Any

from tidewire.delivery.log_reader import LogUnavailableError
from tidewire.engine.reader import Reader
from tidewire.ground import metrics
from tidewire.mqtt import names, receipts
from tidewire.mqtt.bodies import body_of
from tidewire.mqtt.inlet import Inlet
from tidewire.mqtt.link import JSON, Link, MqttError
from tidewire.mqtt.names import Arrival
from tidewire.mqtt.packets import Delivery
from tidewire.mqtt.requests import Answer, Requests
from tidewire.rest import problems

AWAY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Between two tries while the database is away; the last is repeated."""
FAILURES = 5
"""So often a message is tried that always ends in 500. Then it is refused, so that it stops no other."""
SHOWN_BYTES = 64 * 1024
"""Of a payload that was refused."""

logger = logging.getLogger(__name__)

Holder = Callable[[str], str | None]
"""`(path) -> user`: which user of the broker the path belongs to."""


class Incoming:
    """What one connection to the broker delivers. Answers go over `link`."""

    def __init__(self, inlet: Inlet, link: Link, reader: Reader, requests: Requests, holder: Holder) -> None:
        self._inlet, self._link = inlet, link
        self._reader, self._requests, self._holder = reader, requests, holder
        self._order: deque[tuple[Delivery, asyncio.Task[None]]] = deque()
        self._last: dict[str, asyncio.Task[None]] = {}
        self.is_broken = asyncio.Event()
        """Set when the broker has not taken what the bridge answered: only a new connection has the message again."""

    def take(self, delivery: Delivery) -> None:
        """Begins to store a message. Whom a path belongs to is decided now, while nothing later has arrived."""
        arrival = names.parse(delivery.topic)
        user = names.sender(delivery.topic)
        if arrival is not None and not user:
            user = self._holder(arrival.path) or ""
        earlier = self._last.get(delivery.topic)
        task = asyncio.create_task(self._handle(delivery, arrival, user, earlier))
        self._order.append((delivery, task))
        self._last[delivery.topic] = task
        task.add_done_callback(lambda done: self._done(delivery.topic, done))

    def cancel(self) -> None:
        """Drops what is not stored yet: the broker delivers it again."""
        for _, task in self._order:
            task.cancel()

    async def settle(self) -> None:
        """Returns when all that was taken until now is stored and acknowledged."""
        if tasks := [task for _, task in self._order]:
            await asyncio.wait(tasks)

    def _done(self, topic: str, done: asyncio.Task[None]) -> None:
        """Acknowledges in the order of arrival, as the protocol asks for."""
        if self._last.get(topic) is done:
            del self._last[topic]
        while self._order and self._order[0][1].done():
            delivery, task = self._order.popleft()
            if task.cancelled():
                continue
            if isinstance(error := task.exception(), MqttError):
                logger.warning("a message on %s is not acknowledged: %s", delivery.topic, error)
                self.is_broken.set()
                continue
            if error is not None:  # it would come again and again, and stop all others
                logger.error("a message on %s is lost", delivery.topic, exc_info=error)
            self._inlet.acknowledge(delivery)

    async def _handle(
        self, delivery: Delivery, arrival: Arrival | None, user: str, earlier: asyncio.Task[None] | None
    ) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        if delivery.is_retained:  # what a topic held when the bridge subscribed is no new message
            return
        try:
            answer = await self._store(delivery, arrival, user)
        except MqttError:
            raise
        except Exception:
            logger.exception("a message on %s cannot be handled", delivery.topic)
            answer = _problem(500, "error", "The message cannot be handled.")
        metrics.mqtt_received.labels("stored" if answer.is_good else "refused").inc()
        if answer.is_good:
            await self._answer(delivery, user, answer.status, answer.as_json())
        else:
            await self._refuse(delivery, arrival, user, answer)

    async def _store(self, delivery: Delivery, arrival: Arrival | None, user: str) -> Answer:
        """Returns the answer of the view, or what is said to a message that no view gets."""
        if arrival is None:
            return _problem(404, "not_found", "No topic is declared on this path.")
        if not user:
            text = "No user of the broker publishes on this path. Use keys/{user}/ before it."
            return _problem(403, "permission_denied", text)
        return await self._ask(delivery, arrival, user)

    async def _ask(self, delivery: Delivery, arrival: Arrival, user: str) -> Answer:
        """Returns the answer of the view, and asks again for as long as the database is away."""
        body = body_of(delivery.payload, arrival.topic)
        key = delivery.user_property("idempotency-key") or None
        failures = tries = 0
        while True:
            try:
                if key is None and delivery.packet and not body.has_identity:
                    key = f"mqtt-{await self._receipt(delivery)}"
                headers = {"idempotency-key": key} if key else {}
                answer = await self._requests.post(arrival.topic.url(arrival.parameters), body.content, user, headers)
            except LogUnavailableError as error:
                answer = Answer(503, {}, str(error).encode())
            failures += answer.status == 500
            if not answer.is_passing or failures >= FAILURES:
                return answer
            metrics.mqtt_received.labels("again").inc()
            await asyncio.sleep(AWAY_SECONDS[min(tries, len(AWAY_SECONDS) - 1)])
            tries += 1

    async def _receipt(self, delivery: Delivery) -> Any:
        call = (delivery.packet, delivery.topic, delivery.payload)
        return await self._reader.run(lambda: receipts.key_of(*call, is_again=delivery.is_again))

    # -- what the device gets ----------------------------------------------------------------------------------------

    async def _answer(self, delivery: Delivery, user: str, status: int, body: Any) -> None:
        """Answers on the response topic of MQTT 5, if the message has one that is its sender's own: elsewhere a device
        could have the bridge write what it may not write itself."""
        place = delivery.response_topic
        if not place or not place.startswith(names.answers(user)) or len(place) > names.MAX_LENGTH:
            return
        if set("+#") & set(place) or not place.isprintable():  # a broker may end the connection of their publisher
            return
        properties = self._link.properties(
            ("status", str(status)), CorrelationData=delivery.correlation_data, ContentType=JSON
        )
        payload = json.dumps({"status": status, "body": body}).encode()
        await self._link.publish_all([(place, payload, False, properties)])

    async def _refuse(self, delivery: Delivery, arrival: Arrival | None, user: str, answer: Answer) -> None:
        """Publishes a message that cannot be stored, with its problem, where its sender and the operator find it. The
        problem is what the view answers: any JSON, or the status alone where it answers none."""
        path = arrival.path if arrival is not None else "unknown"
        problem = answer.as_json() or {"status": answer.status}
        document = {"topic": delivery.topic, **_shown(delivery.payload), "status": answer.status, "problem": problem}
        properties = self._link.properties(ContentType=JSON)
        message = (names.refused(user, path), json.dumps(document).encode(), False, properties)
        await self._link.publish_all([message])
        if user:
            await self._answer(delivery, user, answer.status, problem)


def _problem(status: int, code: str, detail: str) -> Answer:
    return Answer(status, {}, json.dumps(problems.document(status, code, detail)).encode())


def _shown(payload: bytes) -> dict[str, str]:
    """Returns the payload as text, or in base64 where it is none."""
    part = payload[:SHOWN_BYTES]
    try:
        return {"payload": part.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": base64.b64encode(part).decode()}
