"""Nothing that was released is taken away: the documents against those of the last release, in `released/`.

They are copied there when a release is made (`make released`), and by nobody else.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.additive import losses, lost_messages
from tests.rig.site import ROOT

RELEASED = Path(__file__).parent / "released"
loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MESSAGES = "/api/v1/rooms/{room_id}/messages/"


@cache
def load(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), Loader=loader)


def test_rest_has_lost_nothing():
    assert losses(load(RELEASED / "openapi.yaml"), load(ROOT / "openapi.yaml")) == []


def test_the_socket_has_lost_nothing():
    assert lost_messages(load(RELEASED / "asyncapi.yaml"), load(ROOT / "asyncapi.yaml")) == []


Change = Callable[[dict[str, Any]], Any]
BREAKING: dict[str, Change] = {
    "PATCH /api/v1/me/: gone": lambda d: d["paths"]["/api/v1/me/"].pop("patch"),
    f"POST {MESSAGES}: is called say now": lambda d: d["paths"][MESSAGES]["post"].update(operationId="say"),
    f"GET {MESSAGES}: the parameter limit is gone": lambda d: parameters(d, "limit", keep=False),
    f"GET {MESSAGES}: the parameter author is required now": lambda d: parameters(d, "author", required=True),
    f"POST {MESSAGES}: no longer answers 201": lambda d: d["paths"][MESSAGES]["post"]["responses"].pop("201"),
    f"POST {MESSAGES}.reply_to: gone": lambda d: schema(d, "MessageCreateRequest")["properties"].pop("reply_to"),
    f"POST {MESSAGES}.id: must be sent now": lambda d: schema(d, "MessageCreateRequest")["required"].append("id"),
    f"POST {MESSAGES}.text: maxLength is narrower": lambda d: field(d, "MessageCreateRequest", "text", maxLength=10),
    f"POST {MESSAGES} 201.text: may be missing now": lambda d: schema(d, "Message")["required"].remove("text"),
    f"POST {MESSAGES} 201.version: the type changed from ['integer'] to ['string']": lambda d: field(
        d, "Message", "version", type="string"
    ),
    "the event message.edited is gone": lambda d: schema(d, "AnyEvent")["discriminator"]["mapping"].pop(
        "message.edited"
    ),
}
HARMLESS: dict[str, Change] = {
    "a new operation": lambda d: d["paths"].update({"/api/v1/new/": {}}),
    "a new parameter": lambda d: d["paths"][MESSAGES]["get"]["parameters"].append({"in": "query", "name": "new"}),
    "a new field that may be sent": lambda d: schema(d, "MessageCreateRequest")["properties"].update(new={}),
    "a new field that is answered": lambda d: schema(d, "Message")["properties"].update(new={"type": "string"}),
    "a longer text": lambda d: field(d, "MessageCreateRequest", "text", maxLength=10**6),
    "one more scope": lambda d: schema(d, "Scope")["enum"].append("new:read"),
}


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def field(document: dict[str, Any], name: str, key: str, **change: Any) -> None:
    schema(document, name)["properties"][key].update(change)


def parameters(document: dict[str, Any], name: str, *, keep: bool = True, **change: Any) -> None:
    operation = document["paths"][MESSAGES]["get"]
    for parameter in operation["parameters"]:
        if parameter["name"] == name:
            parameter.update(change)
    operation["parameters"] = [each for each in operation["parameters"] if keep or each["name"] != name]


@pytest.mark.parametrize("loss", BREAKING)
def test_what_breaks_a_client_is_noticed(loss):
    old = load(ROOT / "openapi.yaml")
    new = deepcopy(old)
    BREAKING[loss](new)
    assert loss in losses(old, new)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_added_breaks_nobody(name):
    old = load(ROOT / "openapi.yaml")
    new = deepcopy(old)
    HARMLESS[name](new)
    assert losses(old, new) == []


def test_a_message_that_is_gone_is_noticed():
    old = load(ROOT / "asyncapi.yaml")
    new = deepcopy(old)
    del new["components"]["messages"]["message.created"]
    new["x-codes"]["errors"].pop(0)
    assert lost_messages(old, new) == ["message.created: gone", "code 100: gone"]
