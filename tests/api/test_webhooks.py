"""webhooks/: making, changing, secrets, deliveries, and who may do what. Delivery itself: tests/tidewire/webhooks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from api.models import Key, Member
from tests.api.conftest import MISSING, Person, at, pointers, problem
from tests.api.test_keys import Program, make_key
from tests.factories import make_message, make_room
from tests.tidewire.webhooks.desk import Desk
from tests.tidewire.webhooks.receiver import Receiver, Say
from tidewire.jobs import chores
from tidewire.log.tables import Event
from tidewire.models import WebhookDelivery, WebhookEndpoint, WebhookPosition
from tidewire.testing import record_now

URL = "https://hooks.example.com/tidewire"
WEBHOOKS = at("webhooks")


@pytest.fixture
def receiver(settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_LOOPBACK": True, "WEBHOOK_HTTPS_ONLY": False}
    receiver = Receiver()
    yield receiver
    receiver.close()


def make(person: Person | Program, **fields) -> dict:
    response = person.post(WEBHOOKS, {"url": URL, **fields})
    assert response.status_code == 201, response.content
    return response.json()


def types_on(stream: str) -> list[str]:
    record_now()
    return list(Event.objects.filter(stream__name=stream).order_by("offset").values_list("type", flat=True))


# -- making and changing ---------------------------------------------------------------------------------------------


def test_a_webhook_is_made_and_its_secret_shown_once(alice, room):
    response = alice.post(WEBHOOKS, {"url": URL, "types": ["message.created"], "streams": [f"room:{room.pk}"]})
    made = response.json()
    assert response.status_code == 201
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert [each["last4"] for each in made["secrets"]] == [secret[-4:]]
    assert (made["state"], made["disabled_reason"], made["max_events"], made["version"]) == ("active", None, 1, 1)
    assert alice.get(response["Location"]).json() == made
    assert alice.get(WEBHOOKS).json()["results"] == [made]


def test_a_webhook_is_its_owners(alice, bob, anybody):
    path = at("webhooks", make(alice)["id"])
    for method, *body in (("get",), ("patch", {"description": "Mine"}), ("delete",)):
        assert problem(getattr(bob, method)(path, *body)) == (404, "not_found")
        assert problem(getattr(anybody, method)(path, *body)) == (401, "not_authenticated")
    for below in ("rotate/", "ping/"):
        assert problem(bob.post(path + below)) == (404, "not_found")
    assert problem(bob.get(path + "deliveries/")) == (404, "not_found")
    assert bob.get(WEBHOOKS).json()["results"] == []


def test_a_webhook_is_changed_unless_it_has_changed(alice):
    path = at("webhooks", make(alice)["id"])
    tag = alice.get(path)["ETag"]
    changed = alice.patch(path, {"max_events": 10}, headers={"If-Match": tag}).json()
    assert (changed["max_events"], changed["version"]) == (10, 2)
    assert problem(alice.patch(path, {"max_events": 5}, headers={"If-Match": tag})) == (412, "version_mismatch")
    assert alice.delete(path).status_code == 204
    assert problem(alice.get(path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("/url", "required")]),
        ({"url": "ftp://example.com"}, [("/url", "url")]),
        ({"url": "https://user:secret@example.com/"}, [("/url", "credentials")]),
        ({"url": "https://127.0.0.1/"}, [("/url", "address")]),
        ({"url": "https://[::ffff:10.0.0.1]/"}, [("/url", "address")]),
        ({"url": "https://2130706433/"}, [("/url", "address")]),
        ({"url": "https://0x7f.1/"}, [("/url", "address")]),
        ({"url": "https://10.0.0.1./"}, [("/url", "address")]),
        ({"url": "https://localhost:8000/"}, [("/url", "host")]),
        ({"url": "https://metadata.google.internal/"}, [("/url", "host")]),
        ({"url": "https://example.com:25/"}, [("/url", "port")]),
        ({"url": "https://exa mple.com/"}, [("/url", "url")]),
        ({"url": "https://example.com/#part"}, [("/url", "fragment")]),
        ({"url": "https://" + "a" * 2000}, [("/url", "max_length")]),
        ({"url": URL, "types": ["message.burnt"]}, [("/types/0", "unknown_type")]),
        ({"url": URL, "streams": []}, [("/streams", "min_length")]),
        ({"url": URL, "streams": [f"room:{MISSING}"]}, [("/streams/0", "not_readable")]),
        ({"url": URL, "max_events": 101}, [("/max_events", "max_value")]),
    ],
)
def test_an_invalid_webhook(alice, body, wrong):
    assert pointers(alice.post(WEBHOOKS, body)) == wrong


def test_production_wants_https(alice, settings):
    settings.TIDEWIRE = {**settings.TIDEWIRE, "WEBHOOK_HTTPS_ONLY": True}
    assert pointers(alice.post(WEBHOOKS, {"url": "http://example.com/"})) == [("/url", "https")]


def test_twenty_webhooks_are_enough(alice, monkeypatch):
    monkeypatch.setattr("tidewire.webhooks.endpoints.MAX_ENDPOINTS", 2)
    make(alice), make(alice)
    assert problem(alice.post(WEBHOOKS, {"url": URL})) == (409, "too_many_webhooks")


def test_an_id_is_used_once(alice, bob):
    for person, wanted in ((alice, 201), (alice, 409), (bob, 409)):
        assert person.post(WEBHOOKS, {"id": MISSING, "url": URL}).status_code == wanted


def test_rotating_keeps_the_earlier_secret_for_a_time(alice):
    made = make(alice)
    path = at("webhooks", made["id"], "rotate")
    rotated = alice.post(path, {"keep_seconds": 60}).json()
    assert rotated["secret"] != made["secret"]
    assert [each["expires_at"] is None for each in rotated["secrets"]] == [False, True]
    for _ in range(3):
        rotated = alice.post(path).json()
    assert len(rotated["secrets"]) == 3


# -- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_needs_to_read_streams_as_well(alice):
    assert problem(make_key(alice, "webhooks:write").post(WEBHOOKS, {"url": URL})) == (403, "insufficient_scope")
    make(make_key(alice, "webhooks:write", "streams:read"))


def test_the_webhooks_of_a_key_end_with_it(alice):
    program = make_key(alice, "webhooks:write", "streams:read")
    theirs, own = make(program), make(alice)
    Key.objects.filter(pk=program.id).end()
    shown = {each["id"]: each for each in alice.get(WEBHOOKS).json()["results"]}
    assert (shown[theirs["id"]]["state"], shown[theirs["id"]]["disabled_reason"]) == ("disabled", "key_ended")
    assert shown[own["id"]]["state"] == "active"
    assert types_on(f"user:{alice.id}") == ["webhook.disabled"]


def test_a_bound_key_has_no_webhooks(alice, room):
    program = make_key(alice, stream=f"room:{room.pk}")
    assert problem(program.get(WEBHOOKS)) == (403, "key_confined")


# -- deliveries ------------------------------------------------------------------------------------------------------


def test_a_message_arrives_and_its_delivery_is_shown(alice, bob, room, receiver):
    made = make(alice, url=receiver.url, streams=[f"room:{room.pk}"], types=["message.created"])
    bob.post(at("rooms", room.pk, "messages"), {"text": "Ahoy"})
    record_now()
    Desk().deliver()
    (got,) = receiver.got
    assert got.json["data"]["text"] == "Ahoy"
    (shown,) = alice.get(at("webhooks", made["id"], "deliveries")).json()["results"]
    assert (shown["type"], shown["stream"], shown["state"], shown["status"], shown["answer"]) == (
        *("message.created", f"room:{room.pk}", "delivered"),
        *(200, "ok"),
    )
    path = at("webhooks", made["id"], "deliveries", shown["id"])
    assert alice.get(path).json() == {**shown, "body": got.body.decode()}
    assert problem(bob.get(path)) == (404, "not_found")
    assert alice.get(at("webhooks", made["id"], "deliveries") + "?state=failed").json()["results"] == []
    assert alice.post(path + "redeliver/").json()["state"] == "pending"
    Desk().deliver()
    assert [each.id for each in receiver.got] == [got.id] * 2
    assert alice.get(path).json()["attempts"] == 2


def test_an_erased_message_is_in_no_delivery(alice, bob, room, receiver):
    made = make(alice, url=receiver.url, streams=[f"room:{room.pk}"], types=["message.created"])
    message = make_message(room, bob.user, "a secret")
    record_now()
    receiver.answer = lambda got: Say(body=got.body)
    Desk().deliver()
    (shown,) = alice.get(at("webhooks", made["id"], "deliveries")).json()["results"]
    assert "a secret" in shown["answer"]
    message.soft_delete()
    record_now()
    path = at("webhooks", made["id"], "deliveries", shown["id"])
    assert "a secret" not in alice.get(path).content.decode()
    assert alice.get(path).json()["answer"] == ""


def test_a_ping(alice, receiver):
    made = make(alice, url=receiver.url)
    response = alice.post(at("webhooks", made["id"], "ping"))
    assert (response.status_code, response.json()["state"]) == (202, "pending")
    Desk().deliver()
    assert receiver.got[0].json["type"] == "webhook.ping"


def test_pings_that_wait_are_bounded(alice, monkeypatch):
    monkeypatch.setattr("tidewire.webhooks.endpoints.MAX_REQUESTED", 2)
    path = at("webhooks", make(alice)["id"], "ping")
    assert [alice.post(path).status_code for _ in range(3)] == [202, 202, 409]


def test_a_member_who_is_removed_gets_nothing_later(alice, bob, room, receiver):
    make(bob, url=receiver.url, streams=[f"room:{room.pk}"], types=["message.created"])
    make_message(room, alice.user, "before")
    record_now()
    Desk().deliver()
    Member.objects.get(room=room, user=bob.user).delete()
    make_message(room, alice.user, "after")
    record_now()
    Desk().deliver()
    assert [got.json["data"]["text"] for got in receiver.got] == ["before"]
    assert types_on(f"user:{bob.id}")[-1] == "webhook.stream_ended"


def test_a_dead_receiver_is_an_event_of_its_owner(alice, room, receiver):
    made = make(alice, url=receiver.url, streams=[f"room:{room.pk}"])
    make_message(room, alice.user)
    record_now()
    receiver.answer = lambda got: Say(410)
    Desk().deliver()
    assert types_on(f"user:{alice.id}")[-1] == "webhook.disabled"
    enabled = alice.patch(at("webhooks", made["id"]), {"state": "active"}).json()
    assert (enabled["state"], enabled["disabled_reason"]) == ("active", None)
    receiver.answer = lambda got: Say()
    Desk().deliver()
    assert receiver.got[0].id == receiver.got[1].id


def test_streams_that_are_taken_away_and_named_again_begin_anew(alice, room, receiver):
    made = make(alice, url=receiver.url, streams=[f"room:{room.pk}"])
    other = make_room(alice.user)
    alice.patch(at("webhooks", made["id"]), {"streams": [f"room:{other.pk}"]})
    assert list(WebhookPosition.objects.values_list("stream__name", flat=True)) == [f"room:{other.pk}"]
    alice.patch(at("webhooks", made["id"]), {"streams": None})
    assert WebhookEndpoint.objects.get().streams is None


# -- accounts --------------------------------------------------------------------------------------------------------


def test_a_closed_account_has_no_active_webhook(alice):
    make(alice)
    alice.user.is_active = False
    alice.user.save()
    assert WebhookEndpoint.objects.get().disabled_reason == "account_closed"


def test_an_erased_account_has_none(alice, bob, room, receiver):
    make(bob, url=receiver.url, streams=[f"room:{room.pk}"])
    make(alice, url=receiver.url, streams=[f"room:{room.pk}"])
    make_message(room, bob.user, "Ahoy")
    record_now()
    receiver.answer = lambda got: Say(body=got.body)
    Desk().deliver()
    assert WebhookDelivery.objects.filter(answer__contains=bob.id).exists()
    bob.user.erase()
    record_now()
    assert not WebhookEndpoint.objects.filter(owner=bob.id).exists()
    assert not WebhookDelivery.objects.filter(answer__contains=bob.id).exists()


def test_old_deliveries_are_deleted(alice):
    chores.look()
    endpoint = WebhookEndpoint.objects.get(pk=make(alice)["id"])
    old = timezone.now() - timedelta(days=4)
    WebhookDelivery.objects.create(endpoint=endpoint, message_id="old", type="x", created_at=old)
    WebhookDelivery.objects.create(endpoint=endpoint, message_id="new", type="x")
    assert chores.run("webhook deliveries") == 1
    assert WebhookDelivery.objects.get().message_id == "new"
