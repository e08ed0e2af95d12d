"""A position moves on with a 2xx only; order, retries, batches, leases; what an endpoint gets and what it does not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from django.utils import timezone
from standardwebhooks import Webhook, WebhookVerificationError

from tests.tidewire.liveapp.models import Board, Item
from tests.tidewire.webhooks.desk import Desk, pass_time
from tests.tidewire.webhooks.receiver import Say, in_turn
from tidewire.jobs import chores
from tidewire.log import retention
from tidewire.log.heads import position
from tidewire.log.tables import Event
from tidewire.webhooks import endpoints
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition

pytestmark = pytest.mark.django_db(transaction=True)


def titles(got) -> list[str]:
    return [request.json["data"]["title"] for request in got]


def test_the_events_of_a_stream_arrive_in_their_order_with_their_places(desk, receiver, make_endpoint, stream, write):
    write("before")
    make_endpoint(streams=[stream])
    write("one", "two", "three")
    assert desk.deliver() == 3
    assert titles(receiver.got) == ["one", "two", "three"]
    head = position(stream)
    assert [(got.json["stream"], got.json["epoch"], got.json["offset"]) for got in receiver.got] == [
        (stream, head.epoch, head.offset - left) for left in (2, 1, 0)
    ]
    for got in receiver.got:
        logged = Event.objects.get(pk=got.id)
        event = {name: value for name, value in got.json.items() if name not in ("stream", "epoch", "offset")}
        assert event.pop("timestamp") == event["at"]
        assert event == json.loads(logged.payload)
    assert WebhookPosition.objects.get().offset == head.offset
    assert desk.deliver() == 0


def test_a_failed_attempt_is_sent_again_with_the_same_id_and_blocks_its_stream_only(
    desk, receiver, make_endpoint, stream, write, other_board, readable
):
    readable.add(f"board:{other_board.pk}")
    make_endpoint(streams=[stream, f"board:{other_board.pk}"])
    receiver.answer = lambda got: Say(500 if got.json["data"]["title"] == "one" else 200)
    write("one", "two")
    write("other one", "other two", to=other_board)
    desk.deliver()
    assert sorted(titles(receiver.got)) == ["one", "other one", "other two"]
    receiver.answer = lambda got: Say()
    assert desk.deliver() == 0  # not due yet
    pass_time()
    desk.deliver()
    again = [got for got in receiver.got if got.json["stream"] == stream]
    assert titles(again) == ["one", "one", "two"]
    assert again[0].id == again[1].id != again[2].id
    assert again[0].body == again[1].body


@pytest.mark.parametrize(
    "say",
    [Say(500), Say(404), Say(301, {"Location": "/other"}), Say(307, {"Location": "/other"}), Say(429), Say(cuts=True)],
    ids=lambda say: "cut" if say.cuts else str(say.status),
)
def test_what_is_no_2xx_is_a_failure(desk, receiver, make_endpoint, stream, write, say):
    make_endpoint(streams=[stream])
    write("one")
    receiver.answer = lambda got: say
    desk.deliver()
    row, delivery = WebhookPosition.objects.get(), WebhookDelivery.objects.get()
    assert (row.failures, row.lease, row.offset) == (1, "", position(stream).offset - 1)
    assert (delivery.state, delivery.attempts) == ("retrying", 1)
    assert delivery.status == (None if say.cuts else say.status)
    assert [got.path for got in receiver.got] == ["/hook"]


def test_a_204_is_a_success(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    receiver.answer = lambda got: Say(204, body=b"")
    desk.deliver()
    assert WebhookDelivery.objects.get().state == "delivered"


def test_attempts_are_further_and_further_apart(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    receiver.answer = lambda got: Say(503)
    waits = []
    for _ in range(15):
        desk.deliver()
        row, delivery = WebhookPosition.objects.get(), WebhookDelivery.objects.get()
        waits.append((row.due_at - delivery.attempted_at).total_seconds())
        WebhookPosition.objects.update(due_at=delivery.attempted_at)
    for number, wait in enumerate(waits):
        wanted = min(2.0**number, 3600.0)
        assert wanted * 0.75 <= wait <= wanted * 1.25 + 1, (number, wait)
    assert WebhookDelivery.objects.get().attempts == 15
    assert len({got.id for got in receiver.got}) == 1


@pytest.mark.parametrize(
    ("header", "least"),
    [
        *(("120", 120), ("0" * 20 + "120", 120), ("99999999", 86_400), ("9" * 5000, 86_400)),
        *(("soon", 0.5), ("-5", 0.5), ("1e9", 0.5), ("", 0.5), ("²", 0.5)),
        ("Wed, 21 Oct 2037 07:28:00 GMT", 86_400),
        ("Wednesday, 21-Oct-37 07:28:00 GMT", 86_400),
        *((f"Wed, 21 Oct {year} 07:28:00 GMT", 0.5) for year in ("2015", "99999", "0", "9" * 20)),
        (f"Wed, 21 Oct 2037 07:28:00 +{'9' * 12}", 0.5),
    ],
    ids=lambda value: str(value)[:30],
)
def test_retry_after_is_honoured(desk, receiver, make_endpoint, stream, write, header, least):
    make_endpoint(streams=[stream])
    write("one")
    receiver.answer = lambda got: Say(429, {"Retry-After": header.encode().decode("latin-1")})
    desk.deliver()
    row, delivery = WebhookPosition.objects.get(), WebhookDelivery.objects.get()
    assert least <= (row.due_at - delivery.attempted_at).total_seconds() <= least + 5


def test_410_disables(desk, receiver, make_endpoint, stream, write, notices):
    endpoint = make_endpoint(streams=[stream])
    write("one", "two")
    receiver.answer = lambda got: Say(410)
    desk.deliver()
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "gone")
    assert notices == [("webhook.disabled", stream, "gone")]
    pass_time()
    assert desk.deliver() == 0
    assert WebhookDelivery.objects.get().state == "failed"


def test_a_day_of_failure_disables_and_enabling_goes_on_at_the_position(
    desk, receiver, make_endpoint, stream, write, notices
):
    endpoint = make_endpoint(streams=[stream])
    write("one", "two")
    receiver.answer = lambda got: Say(500)
    desk.deliver()
    pass_time(23 * 3600)
    desk.deliver()
    assert notices == []
    pass_time(2 * 3600)
    desk.deliver()
    assert notices == [("webhook.disabled", stream, "failing")]
    write("three")
    pass_time()
    assert desk.deliver() == 0
    receiver.answer = lambda got: Say()
    endpoint.refresh_from_db()
    with transaction.atomic():
        endpoints.change(endpoint, state="active")
    desk.deliver()
    assert titles(receiver.got) == ["one"] * 4 + ["two", "three"]
    assert len({got.id for got in receiver.got}) == 3


def test_a_receiver_that_comes_back_gets_what_waited_at_once(
    desk, receiver, make_endpoint, stream, write, other_board, readable
):
    readable.add(f"board:{other_board.pk}")
    make_endpoint(streams=[stream, f"board:{other_board.pk}"])
    write("one")
    write("other", to=other_board)
    receiver.answer = lambda got: Say(500)
    for _ in range(8):
        desk.deliver()
        WebhookPosition.objects.update(due_at=WebhookPosition.objects.first().due_at - timedelta(hours=2))
    desk.deliver()
    pass_time(120)  # it has been down for two minutes; the next attempts are minutes away
    WebhookPosition.objects.update(due_at=timezone.now() + timedelta(minutes=5))
    first = WebhookPosition.objects.first()
    WebhookPosition.objects.filter(pk=first.pk).update(due_at=first.due_at - timedelta(hours=1))
    receiver.answer = lambda got: Say()
    receiver.got.clear()
    desk.deliver()
    assert sorted(titles(receiver.got)) == ["one", "other"]


def test_a_receiver_that_comes_back_is_not_asked_before_it_wants(
    desk, receiver, make_endpoint, stream, write, other_board, readable
):
    """The streams of an endpoint go on as soon as one of them has a success, but for what the receiver put off."""
    readable.add(f"board:{other_board.pk}")
    make_endpoint(streams=[stream, f"board:{other_board.pk}"])
    write("one")
    receiver.answer = lambda got: Say(429, {"Retry-After": "3600"})
    desk.deliver()
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(seconds=120))
    write("other", to=other_board)
    receiver.answer = lambda got: Say()
    desk.deliver()
    assert titles(receiver.got) == ["one", "other"]
    waiting = WebhookPosition.objects.get(failures=1)
    assert waiting.due_at == waiting.asked_until > timezone.now() + timedelta(minutes=59)
    assert WebhookEndpoint.objects.get().failing_since is None
    pass_time()
    desk.deliver()
    assert titles(receiver.got) == ["one", "other", "one"]
    assert set(WebhookPosition.objects.values_list("failures", "asked_until")) == {(0, None)}


# -- batches and types -----------------------------------------------------------------------------------------------


def test_a_batch_has_several_events_of_one_stream(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream], max_events=3)
    write("one", "two", "three", "four")
    desk.deliver()
    first, second = (got.json for got in receiver.got)
    assert [event["data"]["title"] for event in first["events"]] == ["one", "two", "three"]
    assert [event["data"]["title"] for event in second["events"]] == ["four"]
    offsets = [event["offset"] for event in first["events"] + second["events"]]
    assert offsets == list(range(offsets[0], offsets[0] + 4))
    assert (first["type"], first["stream"], first["offset"]) == ("events", stream, offsets[2])


def test_a_batch_is_the_same_at_every_attempt_whatever_was_written_meanwhile(
    desk, receiver, make_endpoint, stream, write
):
    endpoint = make_endpoint(streams=[stream], max_events=10)
    write("one", "two")
    receiver.answer = in_turn(Say(500), Say())
    desk.deliver()
    write("three")
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(max_events=1)
    pass_time()
    desk.deliver()
    first, second, third = receiver.got
    assert (first.id, first.body) == (second.id, second.body)
    assert third.json["data"]["title"] == "three"


def test_events_of_other_types_are_passed_by(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream], types=["item.deleted"])
    items = write(*(str(number) for number in range(205)))
    items[202].delete()  # its creation leaves the log, too, and becomes a second deletion
    assert desk.deliver() == 2
    assert {got.json["type"] for got in receiver.got} == {"item.deleted"}
    assert WebhookPosition.objects.get().offset == position(stream).offset


# -- leases ----------------------------------------------------------------------------------------------------------


def test_two_workers_do_not_send_the_same(receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    one, other = Desk("one"), Desk("other")
    assert len(one.turn().messages) == 1
    assert other.turn().messages == []


def test_what_a_killed_worker_had_is_sent_by_another(receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream], max_events=5)
    write("one", "two")
    killed, other = Desk("killed"), Desk("other")
    (lost,) = killed.turn().messages
    write("three")
    pass_time(10)
    (message,) = other.turn().messages
    assert (message.id, message.body) == (lost.id, lost.body)


def test_a_worker_that_lost_its_lease_moves_nothing(receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one", "two")
    slow, other = Desk("slow"), Desk("other")
    (message,) = slow.turn().messages
    (late,) = slow.send(message)
    pass_time(10)
    assert other.deliver() == 2
    assert slow.turn(late).messages == []
    assert WebhookPosition.objects.get().offset == position(stream).offset


def test_a_worker_does_not_take_what_it_is_sending(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    (message,) = desk.turn().messages
    pass_time(10)  # its lease is over: the database was away
    turned = desk.turn(under_way=[message.position], busy={message.endpoint: 1}, renews=True)
    assert turned.messages == []
    assert Desk("other").turn().messages == []  # it was renewed


def test_an_outcome_that_is_stored_twice_moves_a_position_once(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one", "two")
    (message,) = desk.turn().messages
    (outcome,) = desk.send(message)
    (following,) = desk.turn(outcome).messages
    assert desk.turn(outcome, under_way=[following.position]).messages == []
    assert WebhookPosition.objects.get().offset == position(stream).offset - 1


# -- access ----------------------------------------------------------------------------------------------------------


def test_losing_access_ends_it_and_says_so(desk, receiver, make_endpoint, stream, write, readable, notices):
    make_endpoint(streams=[stream])
    write("one", "two")
    first = desk.turn()
    readable.clear()
    (outcome,) = desk.send(*first.messages)
    assert desk.turn(outcome).messages == []
    assert titles(receiver.got) == ["one"]
    assert notices == [("webhook.stream_ended", stream, "")]
    readable.add(stream)
    write("three")
    pass_time()
    assert desk.deliver() == 0


def test_an_endpoint_for_all_streams_gets_those_that_its_owner_may_read(
    desk, receiver, make_endpoint, stream, write, other_board, readable, discover
):
    write("before")
    make_endpoint()
    write("one")
    write("hidden", to=other_board)
    assert discover() == 1
    desk.deliver()
    assert titles(receiver.got) == ["one"]
    new = Board.objects.create(name="new")
    readable.add(f"board:{new.pk}")
    discover()
    desk.deliver()
    assert [got.json["type"] for got in receiver.got] == ["item.created", "board.created"]


def test_a_stream_that_was_lost_and_is_readable_again_goes_on(
    desk, receiver, make_endpoint, stream, write, readable, discover
):
    make_endpoint()
    write("one")
    discover()
    desk.deliver()
    readable.clear()
    write("not for the owner")
    desk.deliver()
    WebhookEndpoint.objects.update(scanned_at=pass_clock())
    readable.add(stream)
    write("two")
    assert discover() == 1
    desk.deliver()
    assert titles(receiver.got) == ["one", "two"]


def pass_clock():
    """Returns a time such that what was written until now is older than the last scan."""
    Event.objects.update(at=timezone.now() - timedelta(minutes=1))
    return timezone.now()


# -- the log ---------------------------------------------------------------------------------------------------------


def test_a_position_behind_the_log_is_told_where_to_go_on(desk, receiver, make_endpoint, stream, write, notices):
    make_endpoint(streams=[stream])
    write("one", "two", "three")
    Event.objects.filter(offset__lt=position(stream).offset).delete()
    desk.deliver()
    reset, event = (got.json for got in receiver.got)
    head = position(stream)
    assert (reset["type"], reset["stream"], reset["epoch"], reset["offset"]) == (
        "stream.reset",
        stream,
        head.epoch,
        head.offset - 1,
    )
    assert event["data"]["title"] == "three"
    assert notices == [("webhook.position_lost", stream, "")]


def test_a_new_epoch_is_told(desk, receiver, make_endpoint, stream, write, notices):
    make_endpoint(streams=[stream])
    write("one")
    retention.renew_epochs()
    receiver.answer = in_turn(Say(500), Say())
    desk.deliver()
    pass_time()
    desk.deliver()
    write("two")
    desk.deliver()
    head = position(stream)
    assert [got.json["type"] for got in receiver.got] == ["stream.reset", "stream.reset", "item.created"]
    assert receiver.got[0].id == receiver.got[1].id
    assert receiver.got[2].json["epoch"] == head.epoch
    assert len(notices) == 1


def test_what_is_erased_before_an_attempt_is_not_sent(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    (item,) = write("a secret")
    receiver.answer = lambda got: Say(500, body=got.body)
    desk.deliver()
    assert "a secret" in WebhookDelivery.objects.get().answer
    item.delete()
    assert WebhookDelivery.objects.get().answer == ""
    receiver.answer = lambda got: Say()
    receiver.got.clear()
    pass_time()
    desk.deliver()
    assert [got.json["type"] for got in receiver.got] == ["item.deleted", "item.deleted"]
    assert not any(b"a secret" in got.body for got in receiver.got)


@pytest.mark.parametrize("is_requested", [False, True])
def test_what_is_erased_during_an_attempt_is_not_in_its_answer(
    desk, receiver, make_endpoint, stream, write, is_requested
):
    make_endpoint(streams=[stream], max_events=2)
    item, _ = write("a secret", "other")
    if is_requested:
        desk.deliver()
        with transaction.atomic():
            endpoints.redeliver(WebhookDelivery.objects.get())
    receiver.answer = lambda got: Say(500, body=got.body)
    (outcome,) = desk.send(*desk.turn().messages)
    assert "a secret" in outcome.answer
    item.delete()
    desk.turn(outcome)
    delivery = WebhookDelivery.objects.earliest("pk")
    assert (delivery.status, delivery.answer, delivery.error) == (500, "", "")


def test_an_error_that_quotes_an_answer_is_erased_with_it(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    (item,) = write("a secret")
    (outcome,) = desk.send(*desk.turn().messages)
    desk.turn(replace(outcome, status=None, answer="", error="illegal status line: a secret"))
    assert "a secret" in WebhookDelivery.objects.get().error
    item.delete()
    assert WebhookDelivery.objects.get().error == ""


def test_the_end_of_a_board_erases_what_receivers_answered(desk, receiver, make_endpoint, stream, write, board):
    make_endpoint(streams=[stream], max_events=10)
    write("one", "two")
    receiver.answer = lambda got: Say(200, body=got.body)
    desk.deliver()
    assert WebhookDelivery.objects.exclude(answer="").exists()
    for item in Item.objects.filter(board=board):
        item.delete()
    assert not WebhookDelivery.objects.exclude(answer="").exists()


# -- signatures ------------------------------------------------------------------------------------------------------


def test_the_reference_verifier_accepts_ours_and_nothing_else(desk, receiver, make_endpoint, stream, write):
    endpoint = make_endpoint(streams=[stream])
    write("one")
    desk.deliver()
    (got,) = receiver.got
    verifier = Webhook(endpoint.secret)
    assert verifier.verify(got.body, got.headers)["data"]["title"] == "one"
    wrong = [
        (got.body[:-1] + b" ", got.headers),
        (got.body, got.headers | {"webhook-id": "another"}),
        (got.body, got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) + 1)}),
        (got.body, got.headers | {"webhook-timestamp": str(int(got.headers["webhook-timestamp"]) - 600)}),
    ]
    for body, headers in wrong:
        with pytest.raises(WebhookVerificationError):
            verifier.verify(body, headers)


def test_while_secrets_rotate_each_of_them_verifies(desk, receiver, make_endpoint, stream, write):
    endpoint = make_endpoint(streams=[stream])
    with transaction.atomic():
        second = endpoints.rotate(endpoint, 3600)
    write("one")
    desk.deliver()
    with transaction.atomic():
        third = endpoints.rotate(endpoint, 0)
    write("two")
    desk.deliver()
    one, two = receiver.got
    assert len(one.headers["webhook-signature"].split()) == 2
    for secret in (endpoint.secret, second):
        Webhook(secret).verify(one.body, one.headers)
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(two.body, two.headers)
    Webhook(third).verify(two.body, two.headers)


def test_a_secret_that_cannot_be_opened_disables(desk, receiver, make_endpoint, stream, write, notices, settings):
    make_endpoint(streams=[stream])
    write("one")
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another key, for longer than fifty characters, of the operator"
    assert desk.deliver() == 0
    assert notices == [("webhook.disabled", "", "secret_lost")]
    WebhookEndpoint.objects.update(state="active")
    settings.SECRET_KEY_FALLBACKS = [key]
    assert desk.deliver() == 1


def test_a_chore_seals_secrets_anew_so_that_an_earlier_key_can_go(
    desk, receiver, make_endpoint, stream, write, settings, caplog
):
    endpoint, lost = make_endpoint(streams=[stream]), make_endpoint(streams=[stream])
    (row,) = endpoint.secrets.all()
    lost.secrets.update(sealed=Fernet(Fernet.generate_key()).encrypt(b"whsec_").decode())
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another key, for longer than fifty characters, of the operator"
    settings.SECRET_KEY_FALLBACKS = [key]
    chores.look()
    assert chores.run("webhook secrets") == 0
    assert f"a secret of the webhook {lost.pk} is lost" in caplog.text
    (anew,) = endpoint.secrets.all()
    assert (anew.pk, anew.last4, anew.sealed != row.sealed) == (row.pk, row.last4, True)
    settings.SECRET_KEY_FALLBACKS = []
    write("one")
    assert desk.deliver() == 1
    Webhook(endpoint.secret).verify(receiver.got[0].body, receiver.got[0].headers)
    chores.run("webhook secrets")
    assert endpoint.secrets.get().sealed == anew.sealed  # sealed by the present key: left as it is


def test_no_secret_is_stored_as_it_is(make_endpoint, stream):
    endpoint = make_endpoint(streams=[stream])
    (row,) = endpoint.secrets.all()
    assert endpoint.secret.removeprefix("whsec_")[:16] not in row.sealed
    assert row.last4 == endpoint.secret[-4:]


# -- pings and redeliveries ------------------------------------------------------------------------------------------


def test_a_ping_reaches_a_disabled_endpoint_too(desk, receiver, make_endpoint, stream):
    endpoint = make_endpoint(streams=[stream])
    WebhookEndpoint.objects.update(state="disabled")
    with transaction.atomic():
        delivery = endpoints.ping(endpoint)
    assert desk.deliver() == 1
    (got,) = receiver.got
    assert (got.json["type"], got.json["data"], got.id) == (
        "webhook.ping",
        {"webhook": str(endpoint.pk)},
        delivery.message_id,
    )
    Webhook(endpoint.secret).verify(got.body, got.headers)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.status, delivery.answer) == ("delivered", 1, 200, "ok")


def test_410_to_a_ping_or_a_redelivery_disables(desk, receiver, make_endpoint, stream, write, notices):
    endpoint = make_endpoint(streams=[stream])
    write("one")
    desk.deliver()
    receiver.answer = lambda got: Say(410)
    for request in (
        lambda: endpoints.ping(endpoint),
        lambda: endpoints.redeliver(WebhookDelivery.objects.earliest("pk")),
    ):
        WebhookEndpoint.objects.update(state="active")
        with transaction.atomic():
            request()
        assert desk.deliver() == 1
        endpoint.refresh_from_db()
        assert (endpoint.state, endpoint.disabled_reason) == ("disabled", "gone")
    assert notices == [("webhook.disabled", "", "gone")] * 2


def test_410_from_the_url_of_before_disables_nothing(desk, receiver, make_endpoint, stream):
    endpoint = make_endpoint(streams=[stream])
    receiver.answer = lambda got: Say(410)
    with transaction.atomic():
        endpoints.ping(endpoint)
    (message,) = desk.turn().messages
    WebhookEndpoint.objects.update(url="http://127.0.0.1:1/")
    desk.turn(*desk.send(message))
    assert WebhookEndpoint.objects.get().state == "active"


@pytest.mark.parametrize("most", [1, 5])
def test_a_redelivery_is_the_same_message_as_the_log_has_it_now(
    desk, receiver, make_endpoint, stream, write, readable, most
):
    make_endpoint(streams=[stream], max_events=most)
    (item,) = write("one")
    desk.deliver()
    delivery = WebhookDelivery.objects.get()
    for wanted in ("item.created", "item.deleted"):
        with transaction.atomic():
            endpoints.redeliver(delivery)
        (message,) = [each for each in desk.turn().messages if each.delivery]
        desk.turn(*desk.send(message))
        got = receiver.got[-1]
        assert got.id == receiver.got[0].id
        assert (got.json["events"][0] if most > 1 else got.json)["type"] == wanted
        if wanted == "item.created":
            assert got.body == receiver.got[0].body
            item.delete()
            WebhookPosition.objects.update(due_at=timezone.now() + timedelta(1))
    readable.clear()
    with transaction.atomic():
        endpoints.redeliver(delivery)
    assert [each for each in desk.turn().messages if each.delivery] == []
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", "the owner may not read this stream")


def test_a_redelivery_of_what_the_log_no_longer_has_fails_and_says_so(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    desk.deliver()
    delivery = WebhookDelivery.objects.get()
    Event.objects.filter(stream__name=stream).delete()
    with transaction.atomic():
        endpoints.redeliver(delivery)
    desk.deliver()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.error) == ("failed", "the log keeps these events no longer")
    assert (delivery.requested_at, len(receiver.got)) == (None, 1)
