"""What runs in processes of the site, with Django: `manage.py shell -c "from tests.webhooks import writer; …"`."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from django.db import DatabaseError, InterfaceError, connection, transaction

from api.models import Member, Message, Room, User
from tidewire.models import Event, Stream, WebhookEndpoint, WebhookPosition
from tidewire.webhooks import endpoints

BATCHED = 20
"""`max_events` of every second endpoint."""


def set_up(count: int, url: str, *, has_shared: bool = True) -> None:
    """Makes an owner, a room and an endpoint each, and one more room that all owners are members of. Every fifth
    endpoint is for all streams of its owner. Prints what the run needs to know, as JSON."""
    made: dict[str, Any] = {"secrets": {}, "rooms": [], "shared": "", "members": {}}
    shared = Room.objects.create(name="Shared", kind=Room.Kind.PRIVATE)
    made["shared"] = str(shared.pk)
    for number in range(count):
        owner = User.objects.create(name=f"Owner {number}", email=f"owner.{number}@example.com")
        room = Room.objects.create(name=f"Room {number}", kind=Room.Kind.PRIVATE)
        Member.objects.create(room=room, user=owner, role=Member.Role.OWNER)
        Member.objects.create(room=shared, user=owner, role=Member.Role.MEMBER if number else Member.Role.OWNER)
        made["rooms"].append(str(room.pk))
        made["members"][str(number)] = str(owner.pk)
    for number in range(count):
        streams = [f"room:{made['rooms'][number]}", *([f"room:{made['shared']}"] if has_shared else [])]
        with transaction.atomic():
            endpoint = endpoints.create(
                made["members"][str(number)],
                url=f"{url}/{number}",
                description=str(number),
                streams=None if has_shared and number % 5 == 4 else streams,
                max_events=BATCHED if has_shared and number % 2 else 1,
            )
        made["secrets"][str(number)] = endpoint.secret
    made["begin"] = dict(Stream.objects.values_list("name", "head"))
    print(json.dumps(made))


def write(
    rooms: list[str], shared: str, author: str, count: int, seed: int, seconds: float, *, has_deletions: bool = True
) -> None:
    """Writes `count` messages in transactions of one to five, spread over `seconds`; some are edited or deleted. Goes
    on after an outage of the database."""
    chance, written, began = random.Random(seed), 0, time.monotonic()
    while written < count:
        number = min(chance.randint(1, 5), count - written)
        try:
            with transaction.atomic():
                _write(
                    chance, shared if chance.random() < 0.02 else chance.choice(rooms), author, number, has_deletions
                )
            written += number
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.1)
        time.sleep(max(0.0, seconds * written / count - (time.monotonic() - began)))


def _write(chance: random.Random, room: str, author: str, number: int, has_deletions: bool) -> None:
    rows = [Message.objects.create(room_id=room, author_id=author, text=f"{chance.random()}") for _ in range(number)]
    if has_deletions and chance.random() < 0.02:
        rows[0].soft_delete()


def write_slowly(room: str, author: str, count: int) -> None:
    """Writes one message at a time, with a pause of 0.1 to 0.2 s."""
    for number in range(count):
        with transaction.atomic():
            Message.objects.create(room_id=room, author_id=author, text=str(number))
        time.sleep(random.uniform(0.1, 0.2))


def write_in_turn(rooms: list[str], author: str, count: int) -> None:
    """Writes messages to the rooms in turn, a hundred a second at most."""
    for number in range(count):
        with transaction.atomic():
            Message.objects.create(room_id=rooms[number % len(rooms)], author_id=author, text=str(number))
        time.sleep(0.01)


def point_at(number: int, url: str) -> None:
    """Gives the endpoint with this number another URL."""
    found = WebhookEndpoint.objects.get(secrets__isnull=False, description=str(number))
    WebhookEndpoint.objects.filter(pk=found.pk).update(url=url, state="active", failing_since=None)


def set_batch(most: int) -> None:
    WebhookEndpoint.objects.update(max_events=most)


def remove(room: str, user: str) -> None:
    """Removes a member. Prints the offset of the event that says so."""
    for _ in range(50):
        try:
            Member.objects.get(room=room, user=user).delete()
        except Member.DoesNotExist:
            break
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.2)
    left = Event.objects.filter(stream__name=f"room:{room}", type="member.left", ends_access=user)
    print(json.dumps(left.values_list("offset", flat=True).last()))


def finish() -> None:
    """Prints the heads of the streams and where the positions stand."""
    heads = {name: [epoch, head] for name, epoch, head in Stream.objects.values_list("name", "epoch", "head")}
    rows = WebhookPosition.objects.values_list("endpoint__url", "stream__name", "offset", "stream__head", "ended_at")
    print(json.dumps({"heads": heads, "positions": list(rows)}, default=str))
