"""A message as the broker sends it: the packet PUBLISH, of MQTT 3.1.1 and 5.

paho's own reader ends the connection at a property that it does not like, such as a payload format above 1 or a text
with U+FEFF. The broker, which lets them pass, would send the message again: one device could stop all. It also copies
the rest of the packet for each property. Here what cannot be read is left out, and the message goes its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

MAX_PROPERTIES = 256
"""Of one message; those behind them are not read."""

RESPONSE_TOPIC, CORRELATION_DATA, USER_PROPERTY = 8, 9, 38
_NUMBERS = {1: 1, 2: 4, 35: 2}
"""Properties of a fixed size: payload format, expiry, topic alias. {identifier: bytes}"""
_TEXTS = {3: 1, RESPONSE_TOPIC: 1, CORRELATION_DATA: 1, USER_PROPERTY: 2}
"""Properties that are one or two texts, each after its length in two bytes. {identifier: texts}"""
_SUBSCRIPTION = 11


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message from the broker. `is_again` is true of one that the broker has delivered before. A topic that is no
    UTF-8 is "", which no declaration knows."""

    topic: str
    payload: bytes
    qos: int = 0
    packet: int = 0
    is_again: bool = False
    is_retained: bool = False
    response_topic: str = ""
    correlation_data: bytes | None = None
    user_properties: tuple[tuple[str, str], ...] = ()

    def user_property(self, name: str) -> str | None:
        """Returns the first property of the user's own with this name, in any case, as for the headers of HTTP."""
        return next((value for key, value in self.user_properties if key.lower() == name), None)


def read_publish(flags: int, body: bytes, *, is_v5: bool) -> Delivery:
    """Returns the message in a packet. `flags` is its first byte, `body` what follows its length. Raises ValueError for
    a packet that ends too early."""
    topic, at = _text(body, 0)
    qos, packet = (flags >> 1) & 3, 0
    if qos:
        packet, at = int.from_bytes(body[at : at + 2], "big"), at + 2
    properties: list[tuple[int, list[bytes]]] = []
    if is_v5:
        length, at = _varint(body, at)
        properties = list(_properties(body[at : at + length]))
        at += length
    if at > len(body):
        raise ValueError("the packet ends too early")
    found = dict(properties)
    pairs = [values for identifier, values in properties if identifier == USER_PROPERTY]
    return Delivery(
        topic=_decoded(topic) or "",
        payload=body[at:],
        qos=qos,
        packet=packet,
        is_again=bool(flags & 8),
        is_retained=bool(flags & 1),
        response_topic=_decoded(found.get(RESPONSE_TOPIC, [b""])[0]) or "",
        correlation_data=found.get(CORRELATION_DATA, [None])[0],
        user_properties=tuple(pair for values in pairs if (pair := _pair(values)) is not None),
    )


def _properties(block: bytes) -> Iterator[tuple[int, list[bytes]]]:
    """Yields (identifier, texts) of the properties that are texts, up to the first that cannot be read."""
    at = 0
    try:
        for _ in range(MAX_PROPERTIES):
            if at >= len(block):
                return
            identifier, at = block[at], at + 1
            if identifier in _TEXTS:
                texts: list[bytes] = []
                for _ in range(_TEXTS[identifier]):
                    text, at = _text(block, at)
                    texts.append(text)
                yield identifier, texts
            elif identifier == _SUBSCRIPTION:
                _, at = _varint(block, at)
            else:
                at += _NUMBERS[identifier]
    except (ValueError, KeyError):
        return


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    """Returns a text and where it ends."""
    end = at + 2 + int.from_bytes(data[at : at + 2], "big")
    if at + 2 > len(data) or end > len(data):
        raise ValueError("a text ends too early")
    return data[at + 2 : end], end


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Returns a number of one to four bytes, and where it ends."""
    value = 0
    for index in range(4):
        if at + index >= len(data):
            break
        value |= (data[at + index] & 127) << (7 * index)
        if data[at + index] < 128:
            return value, at + index + 1
    raise ValueError("a number does not end")


def _decoded(text: bytes) -> str | None:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return None


def _pair(values: list[bytes]) -> tuple[str, str] | None:
    name, value = _decoded(values[0]), _decoded(values[1])
    return None if name is None or value is None else (name, value)
