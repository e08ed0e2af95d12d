"""What changes while a message waits for its next attempt: the endpoint, its secrets, the log."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.db import transaction
from standardwebhooks import Webhook

from tests.tidewire.webhooks.desk import pass_time
from tests.tidewire.webhooks.receiver import Say, in_turn
from tidewire.log import retention
from tidewire.log.heads import position
from tidewire.log.tables import Event
from tidewire.webhooks import endpoints
from tidewire.webhooks.tables import WebhookDelivery, WebhookEndpoint, WebhookPosition

pytestmark = pytest.mark.django_db(transaction=True)


def change(endpoint: WebhookEndpoint, **changes) -> None:
    with transaction.atomic():
        endpoint = WebhookEndpoint.objects.select_for_update().get(pk=endpoint.pk)
        endpoints.change(endpoint, **changes)


@pytest.mark.parametrize("most", [1, 5])
def test_other_types_make_other_messages(desk, receiver, make_endpoint, stream, write, most):
    """A message that an attempt has fixed held events of the earlier types, under an id of its own."""
    endpoint = make_endpoint(streams=[stream], types=["item.changed"], max_events=most)
    first, second = write("one", "two")
    for item in (first, second):
        item.title += " more"
        item.save()
    receiver.answer = in_turn(Say(500), Say())
    desk.deliver()
    change(endpoint, types=[])
    pass_time()
    desk.deliver()
    failed, *got = receiver.got
    assert {"events" in each.json for each in got} == {most > 1}
    events = [event for each in got for event in each.json.get("events", [each.json])]
    head = position(stream).offset
    assert [event["offset"] for event in events] == list(range(head - 3, head + 1))
    if most == 1:
        assert [each.id for each in got] == [event["id"] for event in events]
    else:
        assert failed.id not in [each.id for each in got]


def test_streams_that_a_change_adds_begin_with_their_next_event(
    desk, receiver, make_endpoint, stream, write, other_board, readable, discover
):
    endpoint = make_endpoint(streams=[stream])
    readable.add(f"board:{other_board.pk}")
    write("before")
    write("before", to=other_board)
    change(endpoint, streams=None)
    write("after", to=other_board)
    discover()
    desk.deliver()
    assert sorted(got.json["data"]["title"] for got in receiver.got) == ["after", "before"]  # of two streams
    change(endpoint, streams=[f"board:{other_board.pk}"])
    write("left out")
    change(endpoint, streams=[stream, f"board:{other_board.pk}"])
    write("last")
    desk.deliver()
    assert [got.json["data"]["title"] for got in receiver.got][2:] == ["last"]


def test_all_streams_again_loses_nothing(desk, receiver, make_endpoint, stream, write, discover):
    """Of a stream that no worker has found yet."""
    endpoint = make_endpoint()
    write("waits")
    change(endpoint, streams=None)
    discover()
    desk.deliver()
    assert "waits" in [got.json["data"].get("title") for got in receiver.got]


def test_a_new_url_is_asked_at_once(desk, receiver, make_endpoint, stream, write):
    """An owner who has mended the URL does not wait for as long as the old one has asked for."""
    endpoint = make_endpoint(streams=[stream])
    write("one")
    receiver.answer = in_turn(Say(503, {"Retry-After": "86400"}), Say())
    desk.deliver()
    change(endpoint, url=receiver.url)
    assert desk.deliver() == 0
    change(endpoint, url=f"{receiver.url}?new")
    assert desk.deliver() == 1
    assert WebhookPosition.objects.get().offset == position(stream).offset
    assert WebhookEndpoint.objects.get().failing_since is None


def test_410_from_the_url_of_before_is_only_a_failure(desk, receiver, make_endpoint, stream, write):
    make_endpoint(streams=[stream])
    write("one")
    receiver.answer = lambda got: Say(410)
    (message,) = desk.turn().messages
    WebhookEndpoint.objects.update(url="http://127.0.0.1:1/")
    desk.turn(*desk.send(message))
    assert WebhookEndpoint.objects.get().state == "active"
    assert WebhookDelivery.objects.get().state == "retrying"


def test_a_new_secret_signs_where_an_earlier_one_is_lost(desk, receiver, make_endpoint, stream, write, notices):
    endpoint = make_endpoint(streams=[stream])
    endpoint.secrets.update(sealed=Fernet(Fernet.generate_key()).encrypt(b"whsec_").decode())
    write("one")
    assert desk.deliver() == 0
    with transaction.atomic():
        secret = endpoints.rotate(WebhookEndpoint.objects.get(), 3600)
    change(endpoint, state="active")
    assert desk.deliver() == 1
    (got,) = receiver.got
    Webhook(secret).verify(got.body, got.headers)
    assert len(got.headers["webhook-signature"].split()) == 1
    assert notices == [("webhook.disabled", "", "secret_lost")]


@pytest.mark.parametrize("lose", ["epoch", "events"])
def test_a_reset_is_one_message_however_much_is_written_meanwhile(
    desk, receiver, make_endpoint, stream, write, notices, lose
):
    make_endpoint(streams=[stream])
    write("one", "two")
    if lose == "epoch":
        retention.renew_epochs()
    else:
        Event.objects.filter(offset__lt=position(stream).offset).delete()
    receiver.answer = in_turn(Say(500), Say(500), Say())
    for title in ("three", "four", "five"):
        desk.deliver()
        write(title)
        pass_time()
    desk.deliver()
    resets = [got for got in receiver.got if got.json["type"] == "stream.reset"]
    assert [got.json["offset"] for got in resets] == [resets[0].json["offset"]] * 3
    assert len({got.id for got in resets}) == 1
    assert len(notices) == 1
    offsets = [got.json["offset"] for got in receiver.got[3:]]
    assert offsets == list(range(resets[0].json["offset"] + 1, position(stream).offset + 1))
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"delivered"}


def test_a_reset_names_another_place_when_the_log_no_longer_goes_on_from_it(
    desk, receiver, make_endpoint, stream, write
):
    make_endpoint(streams=[stream])
    write("one", "two")
    Event.objects.filter(offset__lt=position(stream).offset).delete()
    receiver.answer = in_turn(Say(500), Say())
    desk.deliver()
    write("three", "four")
    Event.objects.filter(offset__lt=position(stream).offset).delete()
    pass_time()
    desk.deliver()
    first, second, event = receiver.got
    assert second.json["offset"] == first.json["offset"] + 2
    assert first.id != second.id
    assert event.json["offset"] == second.json["offset"] + 1
