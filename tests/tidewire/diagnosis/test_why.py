"""Ten prepared cases, and more, of "why did this user not get this event", each answered by its verdict.

The events are real: rooms, members and messages are written through the product. The logbook is written as a process
writes it. tests/scenarios/test_steering.py asks running servers.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from api.models import Member, Room
from tests.factories import add_member, make_message, make_room, make_user
from tests.tidewire.webhooks.desk import Desk
from tests.tidewire.webhooks.receiver import Receiver, Say
from tidewire.centrifugo.tables import EdgeSubscription
from tidewire.diagnosis import why as module
from tidewire.diagnosis import why_elsewhere, why_webhooks
from tidewire.diagnosis.why import VERDICTS, offset_of, why
from tidewire.ground.connection_states import ConnectionState, ProcessState, StreamSeen
from tidewire.log.database import log_alias
from tidewire.log.tables import Event, Stream
from tidewire.logbook import writing
from tidewire.logbook.tables import LoggedProcess
from tidewire.mqtt.tables import MqttPosition
from tidewire.webhooks import endpoints
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60.0


@dataclass
class Case:
    """Bob in Alice's room, a message of which he asks for, and the logbook that a process of now writes."""

    room: Room
    bob: str
    offset: int
    at: float
    process: ProcessState = field(default_factory=lambda: ProcessState("p1", "one", 7, time.time() - 3600))

    @property
    def stream(self) -> str:
        return f"room:{self.room.pk}"

    def subscribed(
        self, *, start: int | None = None, offset: int | None = None, since: float = -MINUTE, **more
    ) -> StreamSeen:
        """A subscription from a minute before the event, from the offset before it, that has been sent it."""
        start = self.offset - 1 if start is None else start
        return StreamSeen(self.stream, self.at + since, start, self.offset if offset is None else offset, **more)

    def connection(self, *streams: StreamSeen, opened: float = -MINUTE, id: str = "c1") -> ConnectionState:
        return ConnectionState(
            id, self.bob, "s", "192.0.2.9", "Phone", "websocket", self.at + opened, streams=tuple(streams)
        )

    def log(self, *states: ConnectionState) -> None:
        writing.write(self.process, states, log_alias())

    def ask(self, offset: int | None = None, later: float = 10.0) -> str:
        now = timezone.now() + timedelta(seconds=later)
        answer = why(self.bob, self.stream, offset or self.offset, log_alias(), now)
        assert answer.summary
        assert answer.advice
        return answer.verdict


@pytest.fixture
def case() -> Case:
    alice, bob = make_user("Alice"), make_user("Bob")
    room = make_room(alice, bob)
    make_message(room, alice, "at 12:03")
    stream = Stream.objects.get(name=f"room:{room.pk}")
    event = Event.objects.get(stream=stream, offset=stream.head)
    # The process writes a minute after the event, as in an investigation.
    Event.objects.filter(pk=event.pk).update(at=event.at - timedelta(seconds=MINUTE))
    return Case(room, str(bob.pk), stream.head, event.at.timestamp() - MINUTE)


def test_sent_to_an_open_subscription(case):
    case.log(case.connection(case.subscribed()))
    assert case.ask() == "sent"


def test_sent_although_the_logbook_has_an_older_offset(case):
    """Nothing changed since, so nothing was written; the process is well."""
    case.log(case.connection(case.subscribed(offset=case.offset - 1)))
    assert case.ask() == "sent"


def test_sent_and_not_read(case):
    case.log(case.connection(case.subscribed()).ended(case.at + 20, 3008))
    assert case.ask() == "sent_unread"


def test_recovered_after_a_reconnect(case):
    case.log(
        case.connection(case.subscribed(offset=case.offset - 1)).ended(case.at - 20, 3001),
        case.connection(case.subscribed(since=30), opened=30, id="c2"),
    )
    assert case.ask() == "recovered"


def test_back_without_recovering(case):
    case.log(
        case.connection(case.subscribed(offset=case.offset - 1)).ended(case.at - 20, 3001),
        case.connection(case.subscribed(start=case.offset, since=30), opened=30, id="c2"),
    )
    assert case.ask() == "not_recovered"


def test_not_connected(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1)).ended(case.at - 20, 3005))
    assert case.ask() == "not_connected"


def test_connected_and_not_subscribed(case):
    case.log(case.connection(StreamSeen(f"user:{case.bob}", case.at - MINUTE, 0, 1)))
    assert case.ask() == "not_subscribed"


def test_the_server_had_ended_the_subscription(case):
    seen = case.subscribed(start=0, offset=case.offset - 1, is_open=False, ended_at=case.at - 5, code=2500)
    case.log(case.connection(seen))
    assert case.ask() == "unsubscribed"


def test_the_process_was_killed(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1)))
    LoggedProcess.objects.update(seen_at=timezone.now() - timedelta(seconds=MINUTE + 1))
    assert case.ask(later=60) == "lost_process"


def test_the_connection_ended_at_that_moment(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1)).ended(case.at + 0.1, 0))
    assert case.ask() == "ended_before"


def test_removed_before_the_event(case):
    Member.objects.get(room=case.room, user=case.bob).delete()
    make_message(case.room, None, "for the others")
    case.log(case.connection(case.subscribed()))
    assert case.ask(Stream.objects.get(name=case.stream).head) == "no_access"
    assert case.ask() == "sent"  # and the one before it was for him


def test_invited_after_the_event(case):
    carol = make_user("Carol")
    add_member(case.room, carol)
    assert why(str(carol.pk), case.stream, case.offset, log_alias()).verdict == "no_access"


def test_removed_and_invited_again(case):
    Member.objects.get(room=case.room, user=case.bob).delete()
    add_member(case.room, make_user("Dora"))
    gap = Stream.objects.get(name=case.stream).head
    Member.objects.create(room=case.room, user_id=case.bob)
    back = make_message(case.room, None, "welcome back")
    assert case.ask(gap) == "no_access"
    head = Stream.objects.get(name=case.stream).head
    assert back.pk
    assert case.ask(head) == "nothing_known"  # he could read it; no connection is known


def test_a_guest_of_a_public_room_may_read(case):
    guest = make_user("Guest")
    Room.objects.filter(pk=case.room.pk).update(kind=Room.Kind.PUBLIC)
    assert why(str(guest.pk), case.stream, case.offset, log_alias()).verdict == "nothing_known"


def test_the_process_cannot_read_the_log(case):
    case.process = replace(case.process, poll_age=30.0)
    case.log(case.connection(case.subscribed(offset=case.offset - 1)))
    assert case.ask() == "late"


def test_access_is_being_checked(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1, is_open=False)))
    assert case.ask() == "suspended"


def test_the_process_has_not_written_since(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1)))
    Event.objects.filter(stream__name=case.stream, offset=case.offset).update(at=timezone.now())
    assert case.ask() == "too_early"


def test_one_device_got_it_and_the_other_did_not(case):
    case.log(
        case.connection(case.subscribed()),
        case.connection(case.subscribed(offset=case.offset - 1), id="c2").ended(case.at - 20, 3001),
    )
    answer = why(case.bob, case.stream, case.offset, log_alias())
    assert answer.verdict == "sent"
    assert sum("ended before the event" in fact or "ended before it was sent" in fact for fact in answer.facts) == 1


def test_an_event_that_is_pruned(case):
    case.log(case.connection(case.subscribed(offset=case.offset - 1)).ended(case.at - 20, 3001))
    Event.objects.filter(stream__name=case.stream, offset=case.offset).delete()
    assert case.ask() == "pruned"


def test_an_event_that_is_pruned_was_sent(case):
    case.log(case.connection(case.subscribed()))
    Event.objects.filter(stream__name=case.stream, offset=case.offset).delete()
    assert case.ask() == "sent"


def test_an_event_to_come_and_a_stream_that_is_none(case):
    assert case.ask(case.offset + 1) == "not_written"
    assert why(case.bob, "room:none", 1, log_alias()).verdict == "no_stream"


# -- webhooks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_LOOPBACK": True, "WEBHOOK_HTTPS_ONLY": False}
    receiver = Receiver()
    yield receiver
    receiver.close()


def make_webhook(case: Case, receiver: Receiver, **fields: Any) -> WebhookEndpoint:
    """Makes a webhook of Bob's for the room, before Alice's next message, which then is the one that is asked for."""
    with transaction.atomic():
        endpoint = endpoints.create(case.bob, url=receiver.url, **{"streams": [case.stream], **fields})
    make_message(case.room, None, "for the webhook")
    case.offset += 1
    return endpoint


def test_a_webhook_was_sent_it(case, receiver):
    make_webhook(case, receiver)
    assert Desk().deliver() == 1
    assert case.ask() == "webhook_sent"
    WebhookDelivery.objects.all().delete()
    assert case.ask() == "webhook_sent"  # its position is past the event


def test_a_webhook_of_which_the_receiver_fails(case, receiver):
    make_webhook(case, receiver)
    receiver.answer = lambda got: Say(500)
    assert Desk().deliver() == 1
    assert case.ask() == "webhook_failing"
    (fact,) = [fact for fact in why(case.bob, case.stream, case.offset, log_alias()).facts if "webhook" in fact]
    assert "1 attempts" in fact
    assert "the last with 500" in fact


def test_no_worker_runs(case, receiver):
    make_webhook(case, receiver)
    assert case.ask(later=1) == "webhook_waiting"
    assert case.ask(later=120) == "webhook_idle"


def test_a_webhook_for_all_streams_has_no_position_before_a_worker_looked(case, receiver):
    make_webhook(case, receiver, streams=None)
    assert case.ask() == "webhook_waiting"


def test_a_webhook_that_is_disabled(case, receiver):
    make_webhook(case, receiver)
    receiver.answer = lambda got: Say(410)
    Desk().deliver()
    assert case.ask() == "webhook_disabled"


def test_a_webhook_of_which_the_owner_lost_the_stream_and_got_it_back(case, receiver):
    make_webhook(case, receiver)
    Member.objects.get(room=case.room, user=case.bob).delete()
    Desk().deliver()
    Member.objects.create(room=case.room, user_id=case.bob)
    make_message(case.room, None, "welcome back")
    assert case.ask(Stream.objects.get(name=case.stream).head) == "webhook_ended"


@pytest.mark.parametrize("fields", [{"types": ["member.joined"]}, {"streams": ["user:1"]}])
def test_a_webhook_for_others(case, receiver, fields):
    make_webhook(case, receiver, **fields)
    Desk().deliver()
    assert case.ask() == "webhook_unwanted"


def test_a_webhook_that_was_made_after_the_event(case, receiver):
    make_webhook(case, receiver)
    assert case.ask(case.offset - 1) == "webhook_unwanted"


def test_a_device_comes_before_a_webhook_which_is_among_the_facts(case, receiver):
    make_webhook(case, receiver)
    Desk().deliver()
    case.log(case.connection(case.subscribed()))
    answer = why(case.bob, case.stream, case.offset, log_alias())
    assert answer.verdict == "sent"
    assert [fact for fact in answer.facts if receiver.url in fact and "confirmed with 200" in fact]


def test_an_event_that_was_pruned_before_a_worker_ran(case, receiver):
    make_webhook(case, receiver)
    Event.objects.filter(stream__name=case.stream).delete()
    assert case.ask() == "pruned"
    Desk().deliver()
    assert case.ask() == "webhook_reset"


def test_an_event_that_is_pruned_was_sent_to_a_webhook(case, receiver):
    make_webhook(case, receiver)
    Desk().deliver()
    Event.objects.filter(stream__name=case.stream).delete()
    assert case.ask() == "webhook_sent"


# -- elsewhere ---------------------------------------------------------------------------------------------------------


def at_node(case: Case) -> None:
    row = {"client": "c-1", "stream": case.stream, "session": "s", "asked_at": timezone.now()}
    EdgeSubscription.objects.create(user=case.bob, **row)
    EdgeSubscription.objects.create(user="another", **(row | {"client": "c-2"}))


def test_a_reader_at_a_node_of_centrifugo(case):
    assert case.ask() == "nothing_known"
    at_node(case)
    assert case.ask() == "at_node"
    (fact,) = [fact for fact in why(case.bob, case.stream, case.offset, log_alias()).facts if "Centrifugo" in fact]
    assert fact.startswith("client c-1 at a node")


def test_a_connection_of_ours_comes_before_a_node_which_is_among_the_facts(case):
    at_node(case)
    case.log(case.connection(case.subscribed()))
    assert case.ask() == "sent"
    assert "Centrifugo" in "".join(why(case.bob, case.stream, case.offset, log_alias()).facts)


def test_what_the_broker_of_mqtt_has_is_a_fact(case):
    stream = Stream.objects.get(name=case.stream)
    MqttPosition.objects.create(stream=stream, epoch=stream.epoch, offset=case.offset - 1)
    waits = why(case.bob, case.stream, case.offset, log_alias()).facts[-1]
    MqttPosition.objects.update(offset=case.offset)
    has_it = why(case.bob, case.stream, case.offset, log_alias()).facts[-1]
    assert waits.endswith(f"offset {case.offset - 1}, and this event waits for the bridge")
    assert has_it.endswith(f"offset {case.offset}, this event among them")


def test_every_verdict_has_a_case():
    """Reads this file: a verdict that no case expects would never have been seen."""
    text = Path(__file__).read_text()
    assert [verdict for verdict in VERDICTS if f'"{verdict}"' not in text] == []
    assert {*module._BEST_FIRST, *why_webhooks.BEST_FIRST, *why_elsewhere.BEST_FIRST} < set(VERDICTS)
    assert set(why_webhooks.BEST_FIRST) == {verdict for verdict in VERDICTS if verdict.startswith("webhook_")}


def test_an_event_may_be_named_by_its_id(case):
    event = Event.objects.get(stream__name=case.stream, offset=case.offset)
    assert offset_of(case.stream, str(event.pk), log_alias()) == offset_of(case.stream, str(case.offset), log_alias())
    for place in ("x", "-1", "0197b1f0-0000-7000-8000-000000000000"):
        with pytest.raises(LookupError):
            offset_of(case.stream, place, log_alias())
