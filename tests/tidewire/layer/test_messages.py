"""A message of the layer is read as it was built; anything else is ignored or refused, and never passed on."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.forger import altered, forgeries
from tests.tidewire.layer.test_publisher import event
from tidewire.ground.positions import Entry
from tidewire.layer import signatures
from tidewire.layer.messages import (
    INLINE_BYTES,
    Ephemeral,
    Events,
    Heartbeat,
    PresenceChanges,
    message,
    parse,
)
from tidewire.layer.signatures import MAX_AGE_SECONDS, RefusedMessageError, sign
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

ALICE = ClientInfo("alice", "c")
EVENTS = Events("room:1", "e", [Entry(1, "*", "room.changed", "{}", 0), Entry(2, "", "room.changed", '{"a":1}', 5)])
CONTENTS = [
    EVENTS,
    Ephemeral("room:1", "{}", ALICE),
    PresenceChanges.of("room:1", [JoinPush(ALICE), LeavePush(ALICE)]),
    Heartbeat(),
]


@pytest.mark.parametrize("content", CONTENTS, ids=lambda content: type(content).__name__)
def test_a_content_is_read_as_it_was_sent(content):
    assert parse(message(content)) == content


def test_joins_and_leaves_are_pushes_again():
    changes = [JoinPush(ALICE), LeavePush(ALICE)]
    assert PresenceChanges.of("room:1", changes).changes == changes


def test_large_events_are_sent_without_their_payload():
    events = Events.of("board:1", "e", [event(1), event(2, payload="x" * INLINE_BYTES)])
    assert [(entry.offset, entry.payload) for entry in events.entries] == [(1, ""), (2, "")]


@pytest.mark.parametrize(
    "received",
    [
        lambda: sign("tidewire.of_the_future", b""),  # now: a signature is valid for a while only
        lambda: {"v": 3, "type": "tidewire.events"},
        lambda: {"v": 3},
    ],
    ids=["type", "version", "form"],
)
def test_what_this_release_does_not_know_is_ignored(received):
    assert parse(received()) is None


@pytest.mark.parametrize("more", [[], [9.5, "00-trace", "of", "the future"]], ids=["older", "newer"])
def test_events_of_another_release_are_read(more):
    """During a rolling update."""
    received = sign(Events.type, msgspec.msgpack.encode(["room:1", "e", [[1, "*", "room.changed", "{}", 0, *more]]]))
    entry = Entry(1, "*", "room.changed", "{}", 0, *more[:2])
    assert parse(received) == Events("room:1", "e", [entry])


# -- signatures ------------------------------------------------------------------------------------------------------


def refusal(received: object) -> str:
    """Returns why a message is refused."""
    with pytest.raises(RefusedMessageError) as caught:
        parse(received)
    return caught.value.reason


@pytest.mark.parametrize("received", [None, "text", [], 7, {}, {"type": [], "v": 2}, {"v": True}], ids=str)
def test_what_is_no_message_of_ours_is_refused(received):
    assert refusal(received) == "unsigned"


def test_everything_that_a_forger_can_build_is_refused():
    reasons = [refusal(forged) for forged in forgeries("room:1", "e", 1)]
    assert len(reasons) > 30
    assert set(reasons) == {"unsigned", "forged"}


def test_a_signed_message_in_which_anything_was_changed_is_refused():
    assert [refusal(changed) for changed in altered(message(EVENTS))] == ["forged"] * 5


def test_a_message_of_the_form_before_signatures_is_refused():
    old = {"type": "tidewire.events", "v": 1, "stream": "room:1", "epoch": "e", "events": [[1, "", "t", "{}", 0]]}
    assert refusal(old) == "unsigned"


@pytest.mark.parametrize(
    "body",
    [None, {}, [], ["room:1", "e"], ["room:1", "e", [["one", "", "t", "{}", 0]]], ["room:1", 7, []], [None, "e", []]],
    ids=str,
)
def test_a_signed_content_of_a_wrong_shape_is_refused(body):
    assert refusal(sign("tidewire.events", msgspec.msgpack.encode(body))) == "malformed"


@pytest.mark.parametrize("seconds", [-MAX_AGE_SECONDS - 1, MAX_AGE_SECONDS + 1])
def test_a_message_of_another_time_is_refused(monkeypatch, seconds):
    """One that was copied from the layer cannot be sent again much later."""
    sent = message(EVENTS)
    monkeypatch.setattr(signatures.time, "time", lambda: sent["at"] + seconds)
    assert refusal(sent) == "stale"


def test_while_a_secret_is_replaced_both_are_accepted(settings):
    settings.SECRET_KEY = "old"
    before = message(EVENTS)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["older", "old"]
    assert parse(before) == EVENTS
    settings.SECRET_KEY_FALLBACKS = []
    assert refusal(before) == "forged"
    assert parse(message(EVENTS)) == EVENTS


def test_a_layer_message_holds_plain_values_only():
    kinds: dict[str, Any] = {name: type(value) for name, value in message(EVENTS).items()}
    assert kinds == {"type": str, "v": int, "at": float, "body": bytes, "mac": bytes}
