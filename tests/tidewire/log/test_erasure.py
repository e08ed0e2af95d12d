"""Erased means erased: what was deleted leaves the log, and the log stays gapless."""

import json
from collections import Counter
from time import perf_counter

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from api.models import Message, Room
from tests.factories import make_message, make_room, make_user
from tests.rig.verify import figure
from tidewire.declare.registry import registry
from tidewire.ground.actors import Actor, acting_as
from tidewire.ground.ids import uuid7
from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log import erasure
from tidewire.log.building import to_json
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "the text nobody may read again"


def log_of(stream):
    rows = Event.objects.filter(stream__name=stream).order_by("offset")
    return [(row.offset, row.type, json.loads(row.payload)) for row in rows]


@pytest.fixture
def alice():
    return make_user("Alice")


@pytest.fixture
def room(alice):
    return make_room(alice)


def test_a_deleted_message_leaves_the_log(alice, room):
    message = make_message(room, alice, SECRET)
    message.text = SECRET + "!"
    message.save()
    before = log_of(f"room:{room.id}")
    message.delete()
    after = log_of(f"room:{room.id}")

    assert [(offset, type) for offset, type, _ in after] == [
        (1, "member.joined"),
        (2, "message.deleted"),
        (3, "message.deleted"),
        (4, "message.deleted"),
    ]
    assert not Event.objects.filter(payload__contains=SECRET).exists()
    for (_, _, was), (_, _, now) in zip(before, after, strict=False):
        assert (now["id"], now["at"], now["actor"]) == (was["id"], was["at"], was["actor"])
    assert after[1][2]["data"] == after[3][2]["data"]


def test_other_messages_stay(alice, room):
    kept = make_message(room, alice, "kept")
    make_message(room, alice, SECRET).delete()
    assert log_of(f"room:{room.id}")[1][2]["data"]["text"] == kept.text


def test_a_room_that_is_deleted_has_one_event_and_keeps_nothing(alice, room):
    for number in range(5):
        make_message(room, alice, f"{SECRET} {number}")
    stream, user_stream = f"room:{room.id}", f"user:{alice.id}"
    id = str(room.id)
    room.delete()

    assert [(offset, type, event["data"]) for offset, type, event in log_of(stream)] == [
        (offset, "room.deleted", {"id": id}) for offset in range(1, 8)
    ]
    assert [type for _, type, _ in log_of(user_stream)] == ["room.left", "room.left"]
    assert not Event.objects.filter(payload__contains=SECRET).exists()


def test_a_forgotten_actor_has_no_id(alice, room):
    with acting_as(Actor("user", str(alice.id))):
        make_message(room, alice)
    assert erasure.forget_actor(str(alice.id), "default") == 1
    assert not Event.objects.filter(actor=str(alice.id)).exists()
    assert log_of(f"room:{room.id}")[1][2]["actor"] == {"type": "user", "id": None}


# -- in bulk ---------------------------------------------------------------------------------------------------------


def erase_one_by_one(recorded, using):
    """The plain implementation: each deletion by itself, each payload read and written as JSON."""
    for deletion in recorded:
        if not registry.is_deletion(deletion.stream, deletion.type):
            continue
        earlier = Event.objects.using(using).filter(stream__name=deletion.stream, offset__lt=deletion.offset)
        if not registry.ends_stream(deletion.stream, deletion.type):
            earlier = earlier.filter(object=deletion.object)
        data = json.loads(deletion.payload)["data"]
        rows = list(earlier.exclude(type=deletion.type).only("payload"))
        for row in rows:
            row.type = deletion.type
            row.payload = to_json(json.loads(row.payload) | {"type": deletion.type, "data": data}, deletion.type)
        Event.objects.using(using).bulk_update(rows, ["type", "payload"], batch_size=100)


def whole_log():
    return list(Event.objects.order_by("stream", "offset").values())


def erase_both_ways(recorded, using):
    """Erases one by one and takes it back, then erases in bulk. Returns the two logs."""
    with transaction.atomic():
        erase_one_by_one(recorded, using)
        expected = whole_log()
        transaction.set_rollback(True)
    in_bulk(recorded, using)
    return expected, whole_log()


in_bulk = erasure.erase_deleted


@pytest.fixture
def compared(monkeypatch):
    """Has each erasure done in both ways. Returns the list of (one by one, in bulk)."""
    logs = []
    monkeypatch.setattr(erasure, "erase_deleted", lambda *args: logs.append(erase_both_ways(*args)))
    return logs


TEXTS = [
    "plain",
    ',"data":{"id":1},"id":2',
    '\\",\\"data\\":\\\\","id":',
    "Grüße 👋🏽 \u2028 \x7f \t\r\n",
    '{"type":"message.created","actor":null}',
]


def test_bulk_erasure_writes_the_same_bytes_as_one_by_one(alice, room, compared):
    other = make_room(alice)
    for text in TEXTS:
        with acting_as(Actor("user", str(alice.id))):
            message = make_message(room, alice, text)
            make_message(other, alice, text)
        message.text = text + "!"
        message.save()
    erasure.forget_actor(str(alice.id), "default")
    room.messages.all().soft_delete()
    Room.objects.filter(pk__in=[room.pk, other.pk]).delete()
    alice.delete()

    assert len(compared) >= 2
    for expected, found in compared:
        assert found == expected
    assert not Event.objects.filter(payload__contains="plain").exists()


def test_several_deletion_events_of_one_object_are_applied_in_their_order(alice, room, compared):
    message = make_message(room, alice, SECRET)
    created = Event.objects.select_related("stream").get(type="message.created")
    types = ["message.deleted", "member.left", "member.left", "message.deleted", "reaction.removed"]
    recorded = []
    for number, type in enumerate(types, start=1):
        payload = to_json({"type": type, "id": str(uuid7()), "at": "", "actor": None, "data": {"id": number}}, type)
        place = {"offset": created.offset + number, "type": type, "object": created.object}
        recorded.append(
            RecordedEvent(
                **place,
                stream=created.stream.name,
                epoch="",
                id=uuid7(),
                ends_access="",
                revocation_offset=0,
                payload=payload,
            )
        )
        Event.objects.create(**place, stream=created.stream, at=created.at, payload=payload)
    with transaction.atomic():
        erasure.erase_deleted(recorded, "default")

    expected, found = compared[-1]
    assert found == expected
    assert next(
        (row["type"], json.loads(row["payload"])["data"]) for row in found if row["object"].endswith(str(message.pk))
    ) == ("message.deleted", {"id": 4})


def make_messages(room, author, count):
    Message.objects.bulk_create(Message(room=room, author=author, text=f"{SECRET} {n}") for n in range(count))


def statements_of(act):
    """Returns the statements that `act` runs."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [query["sql"] for query in captured]


def is_erasing(statement):
    return statement.startswith(f'UPDATE "{Event._meta.db_table}"')


def test_the_update_of_a_relations_rows_reads_no_row_by_itself(alice):
    counts = []
    for size in (1, 20):
        room = make_room(alice)
        make_messages(room, alice, size)
        counts.append(len(statements_of(lambda: room.messages.update(text="new"))))  # noqa: B023  called at once
    assert counts[0] == counts[1]


def test_the_statements_of_an_erasure_grow_by_batches_only(alice):
    counts = []
    for size in (1, 1000, 2000):
        room = make_room(alice)
        make_messages(room, alice, size)
        statements = statements_of(room.messages.all().soft_delete)
        counts.append((sum(map(is_erasing, statements)), len(statements)))
        assert Counter(room.messages.values_list("text", flat=True)) == {"": size}
    assert [erasing for erasing, _ in counts] == [1, 2, 4]
    one, thousand, two_thousand = (total for _, total in counts)
    # Beside the erasure: the rows are locked, updated, read again and forgotten in stored answers and in those of
    # webhooks, in statements for 500 rows each. The events are inserted 1,000 at a time.
    for_batch = 6
    assert two_thousand - thousand <= 2 * for_batch
    assert thousand - one <= 2 * for_batch
    assert not Event.objects.filter(payload__contains=SECRET).exists()


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_an_erasure_searches_by_object_and_not_through_the_stream(alice, room, is_analyzed):
    """Asks the database how it carries out the statement as it is sent, with statistics of the tables and without."""
    make_messages(room, alice, 2000)
    with connection.cursor() as cursor:
        if is_analyzed or connection.vendor == "postgresql":  # which makes statistics by itself before long
            cursor.execute("ANALYZE")
        constraints = connection.introspection.get_constraints(cursor, Event._meta.db_table)
    by_object = [name for name, index in constraints.items() if index["columns"] == ["object"]]
    by_position = [name for name, index in constraints.items() if index["columns"] == ["stream_id", "offset"]]
    by_position.append("sqlite_autoindex_tidewire_event_")  # introspection gives the constraint's name
    plans = []

    def explain(execute, sql, params, many, context):
        if is_erasing(sql):
            execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}", params, many, context)
            plans.append("\n".join(str(row[-1]) for row in context["cursor"].fetchall()))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(explain):
        Message.objects.filter(pk__in=room.messages.all()[:3]).soft_delete()
        make_room(alice).delete()
    of_messages, of_memberships, of_rooms = plans
    for plan in (of_messages, of_memberships):
        assert any(name in plan for name in by_object)
        assert not any(name in plan for name in by_position)
    assert any(name in of_rooms for name in by_position)
    assert not any(word in plan for plan in plans for word in ("SCAN e", "SCAN s", "Seq Scan on tidewire_event"))


@pytest.mark.verify
def test_the_time_under_the_lock_is_a_fraction_of_one_by_one(alice, room, monkeypatch):
    size = 4000 if connection.vendor == "sqlite" else 8000
    seconds = {}

    def measured(recorded, using):
        for name, erase in (("one by one", erase_one_by_one), ("in bulk", in_bulk)):
            with transaction.atomic():
                start = perf_counter()
                erase(recorded, using)
                seconds[name] = perf_counter() - start
                transaction.set_rollback(name == "one by one")

    make_messages(room, alice, size)
    monkeypatch.setattr(erasure, "erase_deleted", measured)
    room.messages.all().soft_delete()
    assert not Event.objects.filter(payload__contains=SECRET).exists()
    times = ", ".join(f"{name} {value:.2f} s" for name, value in seconds.items())
    figure(f"erasure, {connection.vendor}: {size:,} messages of one room leave the log under its lock: {times}")
    assert seconds["in bulk"] * 5 < seconds["one by one"]
