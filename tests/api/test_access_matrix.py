"""Every view of openapi.yaml, requested by every kind of caller.

A new operation without a row fails. The room and the dashboard are private; the message is the member's; the key and
the session are the owner's, and so is the key that lacks the scope. A key that has it gets what its user gets, where
keys are accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from api.auth import scopes, sessions
from api.models import Dashboard, DashboardMember, Member, Metric
from tests.api.conftest import Person
from tests.api.test_keys import Program, make_key
from tests.contract_client import ContractClient
from tests.factories import PASSWORD, add_member, make_message, make_room, make_user
from tests.rig.openapi import view_operations

PEOPLE = ("anonymous", "stranger", "member", "admin", "owner", "key without scope", "revoked key")

# anonymous, stranger, member, admin, owner, key without scope, revoked key
MATRIX = {
    "dashboard_members_create": (401, 404, 403, 201, 201, 403, 401),
    "dashboard_members_destroy": (401, 404, 403, 204, 204, 403, 401),
    "dashboard_members_list": (401, 404, 200, 200, 200, 403, 401),
    "dashboard_members_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "dashboard_members_update": (401, 404, 403, 403, 200, 403, 401),
    "dashboard_samples_create": (401, 404, 201, 201, 201, 403, 401),
    "dashboards_create": (401, 201, 201, 201, 201, 403, 401),
    "dashboards_destroy": (401, 404, 403, 403, 204, 403, 401),
    "dashboards_list": (401, 200, 200, 200, 200, 403, 401),
    "dashboards_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "dashboards_update": (401, 404, 403, 200, 200, 403, 401),
    "keys_create": (401, 201, 201, 201, 201, 403, 401),
    "keys_destroy": (401, 404, 404, 404, 204, 403, 401),
    "keys_list": (401, 200, 200, 200, 200, 403, 401),
    "keys_retrieve": (401, 404, 404, 404, 200, 403, 401),
    "keys_rotate": (401, 404, 404, 404, 201, 403, 401),
    "keys_update": (401, 404, 404, 404, 200, 403, 401),
    "metrics_create": (401, 404, 403, 201, 201, 403, 401),
    "metrics_destroy": (401, 404, 403, 204, 204, 403, 401),
    "metrics_list": (401, 404, 200, 200, 200, 403, 401),
    "metrics_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "metrics_update": (401, 404, 403, 200, 200, 403, 401),
    "me_destroy": (401, 204, 204, 204, 204, 403, 401),
    "me_password": (401, 204, 204, 204, 204, 403, 401),
    "me_retrieve": (401, 200, 200, 200, 200, 403, 401),
    "me_update": (401, 200, 200, 200, 200, 403, 401),
    "members_create": (401, 404, 403, 201, 201, 403, 401),
    "members_destroy": (401, 404, 403, 204, 204, 403, 401),
    "members_list": (401, 404, 200, 200, 200, 403, 401),
    "members_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "members_update": (401, 404, 403, 403, 200, 403, 401),
    "messages_batch": (401, 404, 201, 201, 201, 403, 401),
    "messages_create": (401, 404, 201, 201, 201, 403, 401),
    "messages_destroy": (401, 404, 204, 204, 204, 403, 401),
    "messages_list": (401, 404, 200, 200, 200, 403, 401),
    "messages_search": (401, 200, 200, 200, 200, 403, 401),
    "room_messages_search": (401, 404, 200, 200, 200, 403, 401),
    "messages_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "messages_update": (401, 404, 200, 403, 403, 403, 401),
    "reactions_destroy": (401, 404, 204, 204, 204, 403, 401),
    "reactions_put": (401, 404, 201, 201, 201, 403, 401),
    "read_list": (401, 404, 200, 200, 200, 403, 401),
    "read_put": (401, 404, 200, 200, 200, 403, 401),
    "rooms_create": (401, 201, 201, 201, 201, 403, 401),
    "rooms_destroy": (401, 404, 403, 403, 204, 403, 401),
    "rooms_join": (401, 404, 200, 200, 200, 403, 401),
    "rooms_leave": (401, 404, 204, 204, 409, 403, 401),
    "rooms_list": (401, 200, 200, 200, 200, 403, 401),
    "rooms_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "rooms_transfer": (401, 404, 403, 403, 200, 403, 401),
    "rooms_update": (401, 404, 403, 200, 200, 403, 401),
    "samples_create": (401, 404, 201, 201, 201, 403, 401),
    "samples_list": (401, 404, 200, 200, 200, 403, 401),
    "sessions_destroy": (401, 404, 404, 404, 204, 403, 401),
    "sessions_list": (401, 200, 200, 200, 200, 403, 401),
    "streams_events": (401, 404, 200, 200, 200, 403, 401),
    "streams_feed": (401, 200, 200, 200, 200, 403, 401),
    "streams_list": (401, 200, 200, 200, 200, 403, 401),
    "streams_retrieve": (401, 404, 200, 200, 200, 403, 401),
    "streams_token": (401, 200, 200, 200, 200, 403, 401),
    # the body has the credential
    "token_blacklist": (200, 200, 200, 200, 200, 200, 200),
    "token_create": (200, 200, 200, 200, 200, 200, 200),
    "token_refresh": (200, 200, 200, 200, 200, 200, 200),
    "token_verify": (200, 200, 200, 200, 200, 200, 200),
    "webhooks_create": (401, 201, 201, 201, 201, 403, 401),
    "webhooks_destroy": (401, 404, 404, 404, 204, 403, 401),
    "webhooks_list": (401, 200, 200, 200, 200, 403, 401),
    "webhooks_ping": (401, 404, 404, 404, 202, 403, 401),
    "webhooks_retrieve": (401, 404, 404, 404, 200, 403, 401),
    "webhooks_rotate": (401, 404, 404, 404, 200, 403, 401),
    "webhooks_update": (401, 404, 404, 404, 200, 403, 401),
    "deliveries_list": (401, 404, 404, 404, 200, 403, 401),
    "deliveries_redeliver": (401, 404, 404, 404, 202, 403, 401),
    "deliveries_retrieve": (401, 404, 404, 404, 200, 403, 401),
    "users_create": (201, 201, 201, 201, 201, 201, 201),
}


class World:
    """A private room with a caller of each role, and a stranger."""

    def __init__(self) -> None:
        people = {name: Person(make_user(name.capitalize())) for name in ("stranger", "member", "admin", "owner")}
        self.other, self.newcomer = make_user("Other"), make_user("Newcomer")
        room = make_room(people["owner"].user, people["member"].user, self.other)
        add_member(room, people["admin"].user, Member.Role.ADMIN)
        self.message = make_message(room, people["member"].user)
        self.pair = sessions.sign_in_as(self.other)
        owner = people["owner"]
        room_key = owner.post("/api/v1/keys/", {"name": "Robot", "scopes": ["me:read"], "stream": f"room:{room.pk}"})
        own_sessions = owner.get("/api/v1/me/sessions/").json()["results"]
        dashboard = Dashboard.objects.create(name="Greenhouse")
        roles = {"owner": "owner", "admin": "admin", "member": "member"}
        for name, role in roles.items():
            DashboardMember.objects.create(dashboard=dashboard, user=people[name].user, role=role)
        DashboardMember.objects.create(dashboard=dashboard, user=self.other, role="member")
        metric = Metric.objects.create(dashboard=dashboard, key="temperature", name="Temperature")
        webhook = owner.post("/api/v1/webhooks/", {"url": "https://hooks.example.com/"}).json()["id"]
        self.names = {
            "webhook_id": webhook,
            "delivery_id": owner.post(f"/api/v1/webhooks/{webhook}/ping/").json()["id"],
            "dashboard_id": dashboard.pk,
            "metric_id": metric.pk,
            "emoji": "%F0%9F%91%8D",
            "key_id": room_key.json()["id"],
            "message_id": self.message.pk,
            "name": f"room:{room.pk}",
            "room_id": room.pk,
            "session_id": own_sessions[0]["id"],
            "user_id": self.other.pk,
        }
        self.clients: dict[str, ContractClient] = {"anonymous": ContractClient(), **people}

    def add_keys(self, scope: str | None) -> None:
        """Adds keys of the owner: one without the scope, a revoked one, one with the scope."""
        owner = self.clients["owner"]
        lacking = [name for name in scopes.SCOPES if name != scope]
        keys = {"key without scope": make_key(owner, *lacking), "revoked key": make_key(owner)}
        owner.delete(f"/api/v1/keys/{keys['revoked key'].id}/")
        self.clients |= keys | {"key with scope": make_key(owner)}


def operations() -> dict[str, tuple[str, str, str | None]]:
    """{operation id: (method, path, scope)} of the views in openapi.yaml; test_doors_contract.py has the doors."""
    return {
        operation["operationId"]: (method, path, operation.get("x-tidewire-scope"))
        for path, method, operation in view_operations()
    }


# Valid bodies and query parameters, so that the answer depends on the caller only.
BODIES: dict[str, Callable[[World], Any]] = {
    "dashboard_members_create": lambda w: {"user_id": str(w.newcomer.pk)},
    "dashboard_members_update": lambda w: {"role": "admin"},
    "dashboard_samples_create": lambda w: {"samples": [{"metric": "temperature", "value": 21.5}]},
    "dashboards_create": lambda w: {"name": "Greenhouse"},
    "dashboards_update": lambda w: {"name": "Old greenhouse"},
    "metrics_create": lambda w: {"key": "humidity"},
    "metrics_update": lambda w: {"unit": "K"},
    "samples_create": lambda w: {"value": 21.5},
    "keys_create": lambda w: {"name": "Robot", "scopes": ["me:read"]},
    "keys_update": lambda w: {"name": "Crane"},
    "keys_rotate": lambda w: {},
    "me_password": lambda w: {"current_password": PASSWORD, "new_password": "quite another one"},
    "me_update": lambda w: {"name": "Ahab"},
    "members_create": lambda w: {"user_id": str(w.newcomer.pk)},
    "members_update": lambda w: {"role": "admin"},
    "messages_batch": lambda w: [{"text": "Ahoy"}, {"text": "Ahoy"}],
    "messages_create": lambda w: {"text": "Ahoy"},
    "messages_search": lambda w: {"q": "ahoy"},
    "messages_update": lambda w: {"text": "Ahoy!"},
    "read_put": lambda w: {"message": str(w.message.pk)},
    "room_messages_search": lambda w: {"q": "ahoy"},
    "rooms_create": lambda w: {"name": "Port"},
    "rooms_transfer": lambda w: {"user_id": str(w.other.pk)},
    "rooms_update": lambda w: {"name": "Port"},
    "token_blacklist": lambda w: {"refresh": w.pair["refresh"]},
    "token_create": lambda w: {"email": w.other.email, "password": PASSWORD},
    "token_refresh": lambda w: {"refresh": w.pair["refresh"]},
    "token_verify": lambda w: {"token": w.pair["access"]},
    "webhooks_create": lambda w: {"url": "https://hooks.example.com/"},
    "webhooks_update": lambda w: {"description": "Tickets"},
    "users_create": lambda w: {"email": "new@example.com", "name": "New", "password": PASSWORD},
}


@pytest.fixture
def world(db) -> World:
    return World()


@pytest.mark.parametrize("name", sorted(operations()))
def test_every_caller_gets_the_answer_of_the_table(world, name):
    assert name in MATRIX, f"{name} has no row: say what each of {PEOPLE} gets"
    method, path, scope = operations()[name]
    world.add_keys(scope)
    path = path.format(**world.names)
    expected = dict(zip(PEOPLE, MATRIX[name], strict=True))
    expected["key with scope"] = expected["owner"] if scope else expected["key without scope"]
    answered = {who: ask(world.clients[who], method, path, BODIES.get(name, lambda w: None)(world)) for who in expected}
    assert answered == expected


def ask(client: ContractClient, method: str, path: str, body: Any) -> int:
    """Sends the request, and rolls back its changes."""
    with transaction.atomic():
        status = getattr(client, method)(path, *([] if body is None else [body])).status_code
        transaction.set_rollback(True)
    return status


def test_no_row_is_left_over():
    assert set(MATRIX) == set(operations())
    assert set(BODIES) <= set(operations())


def test_a_bound_key_opens_its_own_room_only(world):
    """It has every scope, and is refused everywhere but in its room."""
    robot: Program = make_key(world.clients["owner"], stream=world.names["name"])
    elsewhere = make_room(world.clients["owner"].user)
    names = world.names | {
        "room_id": elsewhere.pk,
        "name": f"room:{elsewhere.pk}",
    }  # the dashboard is another stream
    for name, (method, path, scope) in operations().items():
        if scope and name != "me_retrieve":
            response = getattr(robot, method)(path.format(**names))
            assert (response.status_code, response.json()["code"]) == (403, "key_confined"), name
