"""A message of the layer is read as it was built; anything else is ignored or refused, and never passed on."""

import pytest

from tests.tidewire.layer.test_publisher import event
from tidewire.ground.positions import Entry
from tidewire.layer.messages import (
    INLINE_BYTES,
    Ephemeral,
    Events,
    PresenceChanges,
    ephemeral_message,
    events_message,
    heartbeat_message,
    parse,
    presence_message,
)
from tidewire.protocol.pushes import ClientInfo, JoinPush, LeavePush

ALICE = ClientInfo("alice", "c")


def test_events_are_read_as_they_were_built():
    message = events_message("board:1", "e", [event(1, ends_access="*"), event(2, payload='{"a":1}')])
    entries = [Entry(1, "*", "board.changed", "{}", 0), Entry(2, "", "board.changed", '{"a":1}', 0)]
    assert parse(message) == Events("board:1", "e", entries)


def test_large_events_are_sent_without_their_payload():
    received = parse(events_message("board:1", "e", [event(1), event(2, payload="x" * INLINE_BYTES)]))
    assert isinstance(received, Events)
    assert [(entry.offset, entry.payload) for entry in received.entries] == [(1, ""), (2, "")]


def test_an_ephemeral_message_is_read_as_it_was_built():
    assert parse(ephemeral_message("board:1", "{}", ALICE)) == Ephemeral("board:1", "{}", ALICE)


def test_presence_changes_are_read_as_they_were_built():
    changes = [JoinPush(ALICE), LeavePush(ALICE)]
    assert parse(presence_message("board:1", changes)) == PresenceChanges("board:1", changes)


@pytest.mark.parametrize(
    "message", [None, "text", [], 7, {}, heartbeat_message(), {"type": "newer", "v": 1}, {"type": [], "v": 1}], ids=str
)
def test_what_this_release_does_not_know_is_ignored(message):
    assert parse(message) is None


@pytest.mark.parametrize(
    "changes",
    [{"stream": None}, {"events": None}, {"events": [[1, "", "t"]]}, {"events": [["one", "", "t", "{}", 0]]}],
    ids=str,
)
def test_what_has_the_wrong_shape_is_refused(changes):
    message = events_message("board:1", "e", [event(1)])
    (name,) = changes
    if changes[name] is None:
        del message[name]
    else:
        message |= changes
    with pytest.raises((KeyError, TypeError, ValueError)):
        parse(message)
