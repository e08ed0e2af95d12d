"""Every write with a signal becomes exactly these events: rows, cascades, relations, fixtures, the admin."""

import json

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.test import Client
from django.utils import timezone

from api.models import Room, User
from tests.factories import make_message, make_room, make_user
from tests.tidewire.event_rows import Row, logged
from tests.tidewire.liveapp.models import Board, Counter, Item, Label, Owner, ProxyItem, Shelf, Vote
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


def stream(board: Board) -> str:
    return f"board:{board.pk}"


def created(item: Item, version: int = 1) -> Row:
    return stream(item.board), "item.created", str(item.pk), version


def changed(item: Item, version: int) -> Row:
    return stream(item.board), "item.changed", str(item.pk), version


def deleted(item: Item, board: Board | None = None) -> Row:
    return stream(board or item.board), "item.deleted", str(item.pk), None


# -- save ----------------------------------------------------------------------------------------------------------


def test_a_new_row_is_created(board):
    item = Item(board=board, title="new")
    with logged() as events:
        item.save()
    assert events == [created(item)]


def test_a_saved_row_is_changed(item):
    item.title = "other"
    with logged() as events:
        item.save()
    assert events == [changed(item, 2)]


def test_every_save_of_one_instance_raises_the_version(item):
    with logged() as events:
        for _ in range(3):
            item.save()
    assert events == [changed(item, 2), changed(item, 3), changed(item, 4)]
    assert item.version == 4


def test_a_save_of_some_fields_raises_the_version_too(item):
    item.title = "other"
    with logged() as events:
        item.save(update_fields=["title"])
    assert events == [changed(item, 2)]


def test_a_save_of_no_fields_is_no_write(item):
    with logged() as events:
        item.save(update_fields=[])
    assert events == []


def test_a_partly_loaded_row_is_saved_like_any_other(item):
    part = Item.objects.only("title").get()
    part.title = "other"
    with logged() as events:
        part.save()
    assert events == [changed(item, 2)]


def test_an_expression_is_shown_as_the_database_evaluated_it(item):
    item.rank = F("rank") + 41
    with logged() as events:
        item.save()
    assert events == [changed(item, 2)]
    assert json.loads(Event.objects.latest("pk").payload)["data"]["rank"] == 41


def test_save_base_alone_is_a_write_as_well(board):
    item = Item(board=board, title="new")
    with logged() as events:
        item.save_base()
    assert events == [created(item)]


def test_get_or_create_records_only_what_it_created(board):
    with logged() as events:
        item, _ = Item.objects.get_or_create(slug="a", defaults={"board": board})
        Item.objects.get_or_create(slug="a", defaults={"board": board})
    assert events == [created(item)]


def test_update_or_create_records_either(board):
    with logged() as events:
        item, _ = Item.objects.update_or_create(slug="a", defaults={"board": board, "rank": 1})
        Item.objects.update_or_create(slug="a", defaults={"rank": 2})
    assert events == [created(item), changed(item, 2)]


def test_a_proxy_is_its_model(item):
    proxy = ProxyItem.objects.get()
    with logged() as events:
        proxy.save()
        proxy.delete()
    assert events == [changed(item, 2), deleted(item)]


def test_a_key_from_the_database_names_the_row(board):
    with logged() as events:
        counter = Counter.objects.create(board=board, name="a")
        counter.save()
        counter.delete()
    key = events[0][2]
    assert events == [
        (stream(board), "counter.created", key, 1),
        (stream(board), "counter.changed", key, 2),
        (stream(board), "counter.deleted", key, None),
    ]


def test_a_row_without_a_stream_is_in_none(board):
    with logged() as events:
        Item.objects.create(board=None, title="nowhere").delete()
    assert events == []


def test_the_row_of_a_stream_of_its_own(transactional_db):
    with logged() as events:
        board = Board.objects.create(name="a")
        board.save()
        board.delete()
    key = events[0][2]
    name = f"board:{key}"
    assert events == [
        (name, "board.created", key, 1),
        (name, "board.changed", key, 2),
        (name, "board.deleted", key, None),
    ]


# -- delete and cascades ---------------------------------------------------------------------------------------------


def test_a_deleted_row_is_deleted(item):
    expected = [deleted(item)]
    with logged() as events:
        item.delete()
    assert events == expected


def test_a_row_is_deleted_from_where_it_is_now(item, board, other_board):
    stale = Item.objects.get()
    Item.objects.update(board=other_board)
    with logged() as events:
        stale.delete()
    assert events == [(stream(other_board), "item.deleted", events[0][2], None)]


def test_deleting_a_row_that_is_gone_already_is_no_event(item):
    stale = Item.objects.get()
    item.delete()
    with logged() as events:
        assert stale.delete()[0] == 0
    assert events == []


def test_a_partly_loaded_row_can_be_deleted(item):
    part = Item.objects.only("title").get()
    with logged() as events:
        part.delete()
    assert events == [deleted(item)]


def test_deleting_by_queryset_deletes_each_row(board):
    items = [Item.objects.create(board=board, title=title) for title in "ab"]
    expected = [deleted(item) for item in items]
    with logged() as events:
        Item.objects.order_by("title").delete()
    assert sorted(events) == sorted(expected)


def test_a_queryset_that_cannot_delete_refuses_as_djangos_does(item):
    with logged() as events:
        for rows in (Item.objects.values("pk"), Item.objects.all()[:1]):
            with pytest.raises(TypeError):
                rows.delete()
    assert events == []


def test_a_cascade_deletes_each_child():
    """A membership has events in the user's stream as well, which does not end with the room."""
    owner = make_user("Owner")
    rooms = [make_room(owner), make_room(owner)]
    members = [room.members.get() for room in rooms]
    expected = [(f"user:{owner.pk}", "room.left", str(member.pk), None) for member in members]
    expected += [(f"room:{room.pk}", "room.deleted", str(room.pk), None) for room in rooms]
    with logged() as events:
        Room.objects.all().delete()
    assert sorted(events) == sorted(expected)


def test_the_end_of_a_stream_is_its_only_event(item, board):
    expected = [(stream(board), "board.deleted", str(board.pk), None)]
    with logged() as events:
        board.delete()
    assert events == expected


def test_a_cascade_that_sets_null_changes_each_child(board):
    owner = Owner.objects.create(name="owner")
    items = [Item.objects.create(board=board, title=title, owner=owner) for title in "ab"]
    with logged() as events:
        owner.delete()
    assert sorted(events) == sorted(changed(item, 2) for item in items)


def test_deleting_a_user_ends_memberships_and_keeps_messages():
    alice, bob = make_user("Alice"), make_user("Bob")
    room = make_room(alice, bob)
    message = make_message(room, bob)
    member, bobs = room.members.get(user=bob), f"user:{bob.pk}"
    with logged() as events:
        bob.delete()
    assert sorted(events) == sorted(
        [
            (f"room:{room.pk}", "message.edited", str(message.pk), 2),
            (f"room:{room.pk}", "member.left", str(member.pk), None),
            (bobs, "room.left", str(member.pk), None),
        ]
    )
    assert json.loads(Event.objects.get(type="message.edited").payload)["data"]["author"] is None


# -- moves and soft deletion -----------------------------------------------------------------------------------------


def move(item: Item, board: Board, other: Board) -> list[Row]:
    return [
        (stream(board), "item.deleted", str(item.pk), None),
        (stream(other), "item.created", str(item.pk), item.version),
    ]


def test_a_moved_row_leaves_one_stream_and_enters_the_other(item, board, other_board):
    item.board = other_board
    with logged() as events:
        item.save()
    assert events == move(item, board, other_board)


def test_a_move_by_its_column_alone(item, board, other_board):
    item.board_id = str(other_board.pk)
    with logged() as events:
        item.save(update_fields=["board_id"])
    assert events == move(item, board, other_board)


def test_a_move_of_a_partly_loaded_row(item, board, other_board):
    part = Item.objects.only("title").get()
    part.board = other_board
    with logged() as events:
        part.save()
    assert events == move(part, board, other_board)


def test_saving_over_the_move_of_another_writer_moves_back(item, board, other_board):
    stale = Item.objects.get()
    Item.objects.update(board=other_board)
    with logged() as events:
        stale.save()
    assert events == move(stale, other_board, board)


def test_a_move_that_is_not_saved_is_none(item, other_board):
    expected = [changed(item, 2)]
    item.board = other_board
    with logged() as events:
        item.save(update_fields=["title"])
    assert events == expected


def test_a_row_may_leave_all_streams_and_come_back(item, board):
    with logged() as events:
        item.board = None
        item.save()
        item.board = board
        item.save()
    assert events == [deleted(item), created(item, 3)]


def test_a_soft_deletion_is_the_deletion(item):
    item.archived_at = timezone.now()
    with logged() as events:
        item.save()
    assert events == [deleted(item)]


def test_a_row_that_is_kept_but_was_never_shown_is_no_event(board):
    with logged() as events:
        Item.objects.create(board=board, title="hidden", archived_at=timezone.now())
    assert events == []


def test_a_soft_deleted_message_says_when_and_which_version():
    message = make_message(make_room(), None)
    with logged() as events:
        message.soft_delete()
    assert events == [(f"room:{message.room_id}", "message.deleted", str(message.pk), 2)]


# -- parts of another row --------------------------------------------------------------------------------------------


def vote_event(item: Item, type: str, version: int) -> Row:
    return stream(item.board), type, str(item.pk), version


def test_creating_changing_or_deleting_a_part_raises_its_parent(item):
    with logged() as events:
        vote = Vote.objects.create(item=item)
        vote.save()
        vote.delete()
    assert events == [
        vote_event(item, "vote.added", 2),
        vote_event(item, "vote.changed", 3),
        vote_event(item, "vote.removed", 4),
    ]


def test_a_part_that_moves_is_an_event_of_both_parents(item, board):
    other = Item.objects.create(board=board, title="other")
    vote = Vote.objects.create(item=item)
    vote.item = other
    with logged() as events:
        vote.save()
    assert events == [vote_event(item, "vote.removed", 3), vote_event(other, "vote.changed", 2)]


def test_a_parent_that_is_deleted_with_its_parts_is_one_deletion(item):
    Vote.objects.create(item=item)
    expected = [deleted(item)]
    with logged() as events:
        item.delete()
    assert events == expected


# -- many-to-many ----------------------------------------------------------------------------------------------------


@pytest.fixture
def label() -> Label:
    return Label.objects.create(name="label")


def test_adding_to_a_relation_changes_the_row_once(item, label):
    with logged() as events:
        item.labels.add(label)
        item.labels.add(label)
    assert events == [changed(item, 2)]


def test_removing_from_a_relation_changes_the_row_once(item, label):
    item.labels.add(label)
    with logged() as events:
        item.labels.remove(label)
        item.labels.remove(label)
    assert events == [changed(item, 3)]


def test_clearing_a_relation_changes_the_row_once(item, label):
    item.labels.add(label)
    with logged() as events:
        item.labels.clear()
        item.labels.clear()
    assert events == [changed(item, 3)]


def test_setting_a_relation_changes_the_row_once(item, label):
    item.labels.add(Label.objects.create(name="other"))
    with logged() as events, transaction.atomic():
        item.labels.set([label])
    assert [event[:3] for event in events] == [changed(item, 0)[:3]]


def test_the_other_end_of_a_relation_writes_too(item, label):
    with logged() as events:
        label.items.add(item)
        label.items.remove(item)
        label.items.set([item])
        label.items.clear()
    assert events == [changed(item, version) for version in (2, 3, 4, 5)]


def test_a_relation_whose_field_stands_on_the_other_model(item):
    shelf = Shelf.objects.create()
    with logged() as events:
        shelf.items.add(item)
        item.shelves.clear()
    assert events == [changed(item, 2), changed(item, 3)]


def test_a_relation_among_themselves_changes_both(item, board):
    other = Item.objects.create(board=board, title="other")
    with logged() as events:
        item.links.add(other)
        other.links.clear()
    assert sorted(events) == sorted([changed(item, 2), changed(other, 2), changed(item, 3), changed(other, 3)])


def test_deleting_a_related_row_changes_the_row(item, label):
    item.labels.add(label)
    shelf = Shelf.objects.create()
    shelf.items.add(item)
    with logged() as events:
        label.delete()
        Shelf.objects.all().delete()
    assert events == [changed(item, 4), changed(item, 5)]


# -- fixtures --------------------------------------------------------------------------------------------------------


def fixture(tmp_path, *rows) -> str:
    path = tmp_path / "rows.json"
    path.write_text(serializers.serialize("json", rows))
    return str(path)


def test_loaddata_records_its_rows(tmp_path, transactional_db):
    board = Board(name="from a file")
    item = Item(board=board, title="from a file")
    path = fixture(tmp_path, item, board)
    with logged() as events:
        call_command("loaddata", path, verbosity=0)
    assert events == [created(item), (stream(board), "board.created", str(board.pk), 1)]


def test_loaddata_over_a_row_raises_its_version(tmp_path, item):
    path = fixture(tmp_path, item)
    for _ in range(3):
        item.save()
    with logged() as events:
        call_command("loaddata", path, verbosity=0)
    assert events == [changed(item, 5)]


def test_loaddata_may_move_a_row(tmp_path, item, board, other_board):
    item.board = other_board
    path = fixture(tmp_path, item)
    with logged() as events:
        call_command("loaddata", path, verbosity=0)
    assert events == [deleted(item, board), created(item, 2)]


# -- the admin -------------------------------------------------------------------------------------------------------


@pytest.fixture
def admin() -> Client:
    user = User.objects.create_superuser("admin@example.com", name="Admin", password=None)
    client = Client()
    client.force_login(user)
    return client


def test_a_save_in_the_admin_is_an_event_by_its_user(admin):
    room = make_room(name="before")
    form = {"name": "after", "kind": "private", "members-TOTAL_FORMS": "0", "members-INITIAL_FORMS": "0"}
    with logged() as events:
        response = admin.post(f"/admin/api/room/{room.pk}/change/", form)
    assert response.status_code == 302
    assert events == [(f"room:{room.pk}", "room.updated", str(room.pk), 2)]
    assert Event.objects.get(type="room.updated").actor == str(User.objects.get(name="Admin").pk)


def test_a_deletion_in_the_admin_is_an_event(admin):
    room = make_room()
    with logged() as events:
        response = admin.post(f"/admin/api/room/{room.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert events == [(f"room:{room.pk}", "room.deleted", str(room.pk), None)]


def test_the_admins_action_on_many_rows_is_an_event_each(admin):
    messages = [make_message(make_room(), None) for _ in range(2)]
    form = {"action": "delete_selected", "_selected_action": [str(message.pk) for message in messages], "post": "yes"}
    with logged() as events:
        response = admin.post("/admin/api/message/", form)
    assert response.status_code == 302
    expected = [(f"room:{message.room_id}", "message.deleted", str(message.pk), 2) for message in messages]
    assert sorted(events) == sorted(expected)
