"""The payload of a message as the body of a request: JSON as it is, a bare number or a list in the field that the
topic's declaration names for it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tidewire.declare.topics import Topic

_NUMBER = re.compile(rb"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")
MAX_NUMBER = 64


@dataclass(frozen=True, slots=True)
class Body:
    """`has_identity` says that the message, sent again, makes no second row."""

    content: bytes
    has_identity: bool = False


def body_of(payload: bytes, topic: Topic) -> Body:
    """Returns the body of the request. A payload that is no JSON stays as it is: the view refuses it."""
    if topic.number is not None and len(payload) <= MAX_NUMBER and _NUMBER.fullmatch(payload):
        return Body(json.dumps({topic.number: float(payload)}).encode())
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        return Body(payload)
    if isinstance(value, list) and topic.batch is not None:
        return Body(b'{"%s":%s}' % (topic.batch.encode(), payload), _all_have(value, topic.identity))
    if isinstance(value, dict):
        rows = value.get(topic.batch) if topic.batch in value else [value]
        return Body(payload, isinstance(rows, list) and _all_have(rows, topic.identity))
    return Body(payload)


def _all_have(rows: list[Any], name: str | None) -> bool:
    return name is not None and all(isinstance(row, dict) and name in row for row in rows)
