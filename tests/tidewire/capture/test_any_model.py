"""Models of a plain project are live as they are: integer keys, hidden rows, inheritance, relations, Django's own."""

from __future__ import annotations

import contextlib
import json

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import Group, Permission
from django.db import connection, transaction
from django.db.models import F, signals
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.tidewire.deskapp.models import (
    Account,
    Agent,
    Asset,
    Comment,
    Incident,
    Label,
    Laptop,
    Note,
    Project,
    Ticket,
    UrgentTicket,
    Watch,
)
from tests.tidewire.event_rows import logged
from tidewire import touch
from tidewire.log.tables import Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def project() -> Project:
    return Project.objects.create(name="one")


@pytest.fixture
def other_project() -> Project:
    return Project.objects.create(name="other")


@pytest.fixture
def ticket(project) -> Ticket:
    return Ticket.objects.create(project=project, title="it is broken")


@pytest.fixture
def label() -> Label:
    return Label.objects.create(name="red")


def short(events) -> list[tuple[str, str]]:
    """(stream, type) of each event."""
    return [(stream, type) for stream, type, _, _ in events]


def only(events) -> list[str]:
    return [type for _, type, _, _ in events]


class Stop(Exception):
    """Ends a block that is rolled back."""


def run(method, *args, **kwargs):
    """Runs an async method of Django's to its end."""

    async def work():
        return await method(*args, **kwargs)

    return async_to_sync(work)()


# -- every write ---------------------------------------------------------------------------------------------------

CREATED, UPDATED, DELETED = ["ticket.created"], ["ticket.updated"], ["ticket.deleted"]


def get(pk) -> Ticket:
    return Ticket.everything.get(pk=pk)


def save(ticket):
    ticket.title = "x"
    ticket.save()


def update_by_relation(ticket):
    assert ticket.project.tickets.update(title="x") == 1


def update_by_values(ticket):
    assert Ticket.objects.values("title").filter(pk=ticket.pk).update(title="x") == 1


def bulk_update(ticket):
    ticket.title = "x"
    Ticket.objects.bulk_update([ticket], ["title"])


def assign_and_dismiss(ticket):
    ticket.assignee = Agent.objects.create(name="a")
    ticket.save()


def get_then_delete_agent(ticket):
    Agent.objects.get().delete()  # SET_NULL


def reverse_add(ticket):
    Agent.objects.create(name="b").tickets.add(ticket)


def reverse_clear(ticket):
    Agent.objects.create(name="b").tickets.set([ticket])


UPDATES = {
    "save": save,
    "save some": lambda ticket: ticket.save(update_fields=["title"]),
    "save_base": lambda ticket: ticket.save_base(),
    "update": lambda ticket: Ticket.objects.update(title="x"),
    "update by relation": update_by_relation,
    "update values": update_by_values,
    "update an expression": lambda ticket: Ticket.objects.update(rank=F("rank") + 1),
    "bulk_update": bulk_update,
    "proxy": lambda ticket: UrgentTicket.objects.update(title="x"),
    "proxy saved": lambda ticket: UrgentTicket.objects.get().save(),
    "asave": lambda ticket: run(ticket.asave),
    "aupdate": lambda ticket: run(Ticket.objects.aupdate, title="x"),
    "abulk_update": lambda ticket: run(Ticket.objects.abulk_update, [ticket], ["title"]),
    "aupdate_or_create": lambda ticket: run(Ticket.objects.aupdate_or_create, {"title": "x"}, pk=ticket.pk),
    "update_or_create": lambda ticket: Ticket.objects.update_or_create({"title": "x"}, pk=ticket.pk),
    "assign": assign_and_dismiss,
    "reverse add": reverse_add,
    "reverse set": reverse_clear,
    "touch": lambda ticket: touch(Ticket.objects.all()),
    "touch a row": lambda ticket: touch(ticket),
    "text key": lambda ticket: Ticket(pk=str(ticket.pk), project=ticket.project, title="x").save(),
}


@pytest.mark.parametrize("write", UPDATES.values(), ids=UPDATES)
def test_an_update_is_one_event(ticket, write):
    with logged() as events:
        write(ticket)
    assert short(events) == [(f"project:{ticket.project_id}", "ticket.updated")]


CREATIONS = {
    "save": lambda project: Ticket(project=project).save(),
    "create": lambda project: Ticket.objects.create(project=project),
    "relation": lambda project: project.tickets.create(title="x"),
    "bulk_create": lambda project: Ticket.objects.bulk_create([Ticket(project=project)]),
    "ignoring": lambda project: Ticket.objects.bulk_create([Ticket(project=project)], ignore_conflicts=True),
    "relation bulk": lambda project: project.tickets.bulk_create([Ticket(project=project)]),
    "acreate": lambda project: run(Ticket.objects.acreate, project=project),
    "abulk_create": lambda project: run(Ticket.objects.abulk_create, [Ticket(project=project)]),
    "get_or_create": lambda project: Ticket.objects.get_or_create(title="x", defaults={"project": project}),
    "with a key": lambda project: Ticket.objects.create(pk=77, project=project),
    "with a text key": lambda project: Ticket(pk="78", project=project).save(),
    "proxy": lambda project: UrgentTicket.objects.create(project=project),
}


@pytest.mark.parametrize("write", CREATIONS.values(), ids=CREATIONS)
def test_a_new_row_is_one_event(project, write):
    with logged() as events:
        write(project)
    assert short(events) == [(f"project:{project.pk}", "ticket.created")]


DELETIONS = {
    "delete": lambda ticket: ticket.delete(),
    "queryset": lambda ticket: Ticket.objects.all().delete(),
    "relation": lambda ticket: ticket.project.tickets.all().delete(),
    "raw": lambda ticket: Ticket.objects.all()._raw_delete("default"),
    "adelete": lambda ticket: run(ticket.adelete),
    "queryset adelete": lambda ticket: run(Ticket.objects.all().adelete),
    "proxy": lambda ticket: UrgentTicket.objects.get().delete(),
}


@pytest.mark.parametrize("write", DELETIONS.values(), ids=DELETIONS)
def test_a_deletion_is_one_event(ticket, write):
    stream = f"project:{ticket.project_id}"
    with logged() as events:
        write(ticket)
    assert short(events) == [(stream, "ticket.deleted")]


def test_a_cascade_that_sets_null_is_an_update(project):
    agent = Agent.objects.create(name="a")
    Ticket.objects.create(project=project, assignee=agent)
    with logged() as events:
        agent.delete()
    assert only(events) == UPDATED


def test_what_is_rolled_back_is_no_event(ticket):
    with logged() as events, transaction.atomic():
        with contextlib.suppress(Stop), transaction.atomic():
            Ticket.objects.update(title="lost")
            ticket.project.tickets.create(title="lost")
            raise Stop
    assert events == []


def test_events_commit_with_the_row_in_autocommit_mode(project, monkeypatch):
    """`post_save` comes after the row is committed, where nothing opened a transaction."""
    seen = []

    def on_save(**kwargs):
        seen.append(connection.in_atomic_block)

    signals.post_save.connect(on_save, sender=Ticket)
    try:
        Ticket.objects.create(project=project).save()
    finally:
        signals.post_save.disconnect(on_save, sender=Ticket)
    assert seen == [True, True]


def test_a_column_that_is_called_version_counts_nothing(ticket):
    Ticket.objects.update(title="x")
    ticket.refresh_from_db()
    ticket.save()
    assert get(ticket.pk).version == "1.0"
    Ticket.objects.update(version="2.0")
    assert get(ticket.pk).version == "2.0"


def test_a_group_of_djangos_own(transactional_db):
    permission = Permission.objects.order_by("pk").first()
    with logged() as events:
        group = Group.objects.create(name="staff")
        group.permissions.add(permission)
        Group.objects.filter(pk=group.pk).update(name="crew")
        permission.group_set.clear()
        group.delete()
    assert only(events) == ["group.created", "group.updated", "group.updated", "group.updated", "group.deleted"]


# -- hidden rows -----------------------------------------------------------------------------------------------------


@pytest.fixture
def hidden(ticket) -> Ticket:
    Ticket.objects.update(deleted_at=timezone.now())
    return get(ticket.pk)


def test_a_row_that_a_manager_hides_is_deleted(ticket):
    with logged() as events:
        ticket.delete_softly(timezone.now())
    assert only(events) == DELETED
    assert json.loads(Event.objects.latest("pk").payload)["data"] == {"id": ticket.pk}


def test_a_hidden_row_whose_relation_changes_stays_hidden(hidden, label):
    with logged() as events:
        hidden.labels.add(label)
    assert only(events) in ([], DELETED)  # that it was hidden before is not known here


def test_an_update_of_hidden_rows_changes_them(hidden):
    with logged() as events:
        assert Ticket.everything.update(title="x") == 1
    assert (events, get(hidden.pk).title) == ([], "x")


def test_a_hidden_row_that_is_saved_is_updated_not_inserted(hidden):
    hidden.title = "x"
    with logged() as events:
        hidden.save()
    assert (events, Ticket.everything.count(), get(hidden.pk).title) == ([], 1, "x")


@pytest.mark.parametrize(
    "write",
    [
        lambda ticket: Ticket.everything.update(deleted_at=None),
        lambda ticket: ticket.delete_softly(None),
        lambda ticket: Ticket.everything.bulk_update([ticket], ["deleted_at"]),
    ],
)
def test_a_restored_row_is_created(hidden, write):
    hidden.deleted_at = None
    with logged() as events:
        write(hidden)
    assert only(events) == CREATED


def test_a_hidden_row_that_is_deleted_for_good_is_no_event(hidden):
    with logged() as events:
        hidden.delete()
    assert events == []


def test_hidden_rows_that_a_queryset_deletes_are_no_events(hidden, project):
    Ticket.objects.create(project=project)
    with logged() as events:
        Ticket.everything.all().delete()
    assert only(events) == DELETED


def test_a_row_restored_and_changed_in_one_transaction_is_created(hidden):
    with logged() as events, transaction.atomic():
        Ticket.everything.update(title="x")
        hidden.delete_softly(None)
    assert only(events) == CREATED


def test_a_live_model_with_a_manager_that_hides_rows(project):
    """The base manager of LiveModel was the default manager once: then `save` of a hidden row inserted it again."""
    note = Note.objects.create(project=project, text="a")
    with logged() as events:
        note.deleted_at = timezone.now()
        note.save()
        assert Note._base_manager.filter(pk=note.pk).update(text="b") == 1
        note.text = "c"
        note.save()
        note.deleted_at = None
        note.save()
    assert only(events) == ["note.deleted", "note.created"]
    assert (Note.objects.get().text, Note.objects.get().version) == ("c", 5)


# -- the stream of another row ---------------------------------------------------------------------------------------


def test_a_row_is_in_the_stream_of_the_row_that_it_refers_to(ticket, other_project):
    other = Ticket.objects.create(project=other_project)
    with logged() as events:
        comment = Comment.objects.create(ticket=ticket, text="a")
        Comment.objects.update(text="b")
        comment.ticket = other
        comment.save()
        comment.delete()
    one, two = f"project:{ticket.project_id}", f"project:{other_project.pk}"
    assert short(events) == [
        (one, "comment.created"),
        (one, "comment.updated"),
        (one, "comment.deleted"),
        (two, "comment.created"),
        (two, "comment.deleted"),
    ]


def test_a_row_that_moves_within_its_stream_is_updated(ticket, project):
    comment = Comment.objects.create(ticket=ticket, text="a")
    comment.ticket = Ticket.objects.create(project=project)
    with logged() as events:
        comment.save()
    assert only(events) == ["comment.updated"]


def test_rows_that_are_deleted_with_the_one_they_refer_to(ticket):
    Comment.objects.bulk_create([Comment(ticket=ticket, text=text) for text in "ab"])
    with logged() as events:
        ticket.delete()
    assert sorted(only(events)) == ["comment.deleted", "comment.deleted", "ticket.deleted"]


# -- multi-table inheritance -----------------------------------------------------------------------------------------

BOTH = ["incident.updated", "ticket.updated"]


@pytest.fixture
def incident(project) -> Incident:
    return Incident.objects.create(project=project, title="fire")


def test_a_new_child_is_a_new_parent(project):
    with logged() as events:
        Incident.objects.create(project=project)
    assert sorted(only(events)) == ["incident.created", "ticket.created"]


def save_parent(incident):
    ticket = get(incident.pk)
    ticket.title = "x"
    ticket.save()


@pytest.mark.parametrize(
    ("write", "found"),
    [
        (save, BOTH),
        (save_parent, BOTH),
        (lambda incident: Incident.objects.update(title="x"), BOTH),
        (lambda incident: Ticket.objects.update(title="x"), BOTH),
        (lambda incident: incident.project.tickets.update(title="x"), BOTH),
        (lambda incident: Incident.objects.update(severity=2), ["incident.updated"]),
        (lambda incident: Incident.objects.update(severity=2, title="x"), BOTH),
        (lambda incident: incident.save(update_fields=["severity"]), ["incident.updated"]),
        (lambda incident: incident.save(update_fields=["title"]), BOTH),
        (lambda incident: Incident.objects.bulk_update([incident], ["title", "severity"]), BOTH),
        (lambda incident: incident.labels.add(Label.objects.create()), BOTH),
        (lambda incident: get(incident.pk).labels.add(Label.objects.create()), BOTH),
        (lambda incident: incident.delete(), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: get(incident.pk).delete(), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: Ticket.objects.all().delete(), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: Incident.objects.all().delete(), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: Ticket.objects.update(deleted_at=timezone.now()), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: incident.delete_softly(timezone.now()), ["incident.deleted", "ticket.deleted"]),
        (lambda incident: incident.delete(keep_parents=True), ["incident.deleted"]),
    ],
)
def test_a_write_of_either_table_is_an_event_of_both(incident, write, found):
    with logged() as events:
        write(incident)
    assert sorted(set(only(events)) - {"label.created"}) == found


def test_a_child_that_moves_takes_its_parent_along(incident, other_project):
    incident.project = other_project
    with logged() as events:
        incident.save()
        Ticket.objects.update(project=None)
    kinds = [("deleted", "deleted", "created"), ("incident", "ticket")]
    assert sorted(only(events)) == sorted(f"{model}.{verb}" for verb in kinds[0] for model in kinds[1])


def test_a_parent_that_becomes_a_child_is_no_new_parent(ticket):
    with logged() as events:
        Incident(ticket_ptr=ticket, project=ticket.project, title="x").save()
    assert sorted(only(events)) == ["incident.created", "ticket.updated"]


def test_a_version_in_the_table_of_the_parent(transactional_db):
    laptop = Laptop.objects.create(name="a")
    with logged() as events:
        laptop.memory = 16
        laptop.save()
        Laptop.objects.update(memory=32)
        Asset.objects.update(name="b")
        Asset.objects.get().save()
    assert sorted(only(events)) == sorted(["asset.updated", "laptop.updated"] * 4)
    assert {version for _, _, _, version in events} == {2, 3, 4, 5}


# -- many-to-many ----------------------------------------------------------------------------------------------------


def change_by_rows(ticket, label):
    through = Ticket.labels.through
    row = through.objects.create(ticket=ticket, label=label)
    row.delete()


RELATION_WRITES = {
    "add": (lambda ticket, label: ticket.labels.add(label), 1),
    "add twice": (lambda ticket, label: [ticket.labels.add(label), ticket.labels.add(label)], 1),
    "reverse add": (lambda ticket, label: label.tickets.add(ticket), 1),
    "set and clear": (lambda ticket, label: [ticket.labels.set([label]), ticket.labels.clear()], 2),
    "reverse set": (lambda ticket, label: [label.tickets.set([ticket]), label.tickets.remove(ticket)], 2),
    "create": (lambda ticket, label: ticket.labels.create(name="new"), 1),
    "through rows": (change_by_rows, 2),
    "through bulk": (
        lambda ticket, label: [
            Ticket.labels.through.objects.bulk_create([Ticket.labels.through(ticket=ticket, label=label)]),
            Ticket.labels.through.objects.filter(ticket=ticket).delete(),
        ],
        2,
    ),
    "through ignoring": (
        lambda ticket, label: [
            Ticket.labels.through.objects.bulk_create(
                [Ticket.labels.through(ticket=ticket, label=label)], ignore_conflicts=True
            )
            for _ in range(2)
        ],
        1,
    ),
    "label deleted": (lambda ticket, label: [ticket.labels.add(label), label.delete()], 2),
    "labels deleted": (lambda ticket, label: [ticket.labels.add(label), Label.objects.all().delete()], 2),
    "aadd": (lambda ticket, label: run(ticket.labels.aadd, label), 1),
}


@pytest.fixture(params=["", "listening to all models"])
def _listeners(request):
    """Some apps listen to the deletions of every model: Django then deletes the rows of relations another way."""

    def listen(**kwargs):
        pass

    if request.param:
        signals.post_delete.connect(listen)
    yield
    signals.post_delete.disconnect(listen)


@pytest.mark.usefixtures("_listeners")
@pytest.mark.parametrize(("write", "count"), RELATION_WRITES.values(), ids=RELATION_WRITES)
def test_only_the_end_that_shows_a_relation_changes(ticket, label, write, count):
    with logged() as events:
        write(ticket, label)
    assert [type for type in only(events) if type.startswith("ticket")] == UPDATED * count
    assert "label.updated" not in only(events)


def test_a_row_of_a_relation_that_is_changed(ticket, label):
    through, other = Ticket.labels.through, Ticket.objects.create(project=ticket.project)
    through.objects.create(ticket=ticket, label=label)
    with logged() as events:
        through.objects.update(ticket=other)
    assert [(type, key) for _, type, key, _ in events] == [("ticket.updated", str(pk)) for pk in (ticket.pk, other.pk)]


def test_a_relation_with_a_model_of_its_own(ticket):
    agent = Agent.objects.create(name="a")
    with logged() as events:
        ticket.watchers.add(agent, through_defaults={"reason": "x"})
        Watch.objects.all().delete()
        watch = Watch.objects.create(ticket=ticket, agent=agent)
        watch.delete()
        Watch.objects.bulk_create([Watch(ticket=ticket, agent=agent)])
        agent.watched.clear()
    assert only(events) == UPDATED * 6


def test_a_serializer_with_a_method_may_show_anything(transactional_db):
    account, group = Account.objects.create(name="a"), Group.objects.create(name="g")
    with logged() as events:
        account.groups.add(group)
    assert only(events) == ["account.updated"]


def test_a_row_created_with_relations_says_the_version_that_it_has(transactional_db):
    """As DRF's serializers create rows: the row, then its relations; then the answer is written."""
    group = Group.objects.create(name="g")
    account = Account.objects.create(name="a")
    account.groups.set([group])
    assert account.version == Account.objects.get().version == 2
    with transaction.atomic():
        account = Account.objects.create(name="b")
        account.groups.set([group])
        answered = account.version
    assert answered == Account.objects.get(name="b").version


def test_a_relation_changed_with_its_row_raises_the_version_once_more_at_most(transactional_db):
    group = Group.objects.create(name="g")
    account = Account.objects.create(name="a")
    with transaction.atomic():
        group.accounts.add(account)
        account.save()
    assert Account.objects.get().version == 2


# -- fields ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def account() -> Account:
    Account.objects.create(name="a")
    return Account.objects.get()


def sign_in(account):
    account.last_login = timezone.now()
    account.save(update_fields=["last_login"])


def sign_in_by_whole_row(account):
    account.last_login = timezone.now()
    account.save()


def sign_in_twice(account):
    sign_in_by_whole_row(account)
    sign_in_by_whole_row(account)  # the version is no loaded field any more


@pytest.mark.parametrize(
    "write",
    [sign_in, sign_in_by_whole_row, sign_in_twice, lambda account: Account.objects.update(last_login=timezone.now())],
)
def test_a_write_of_ignored_fields_is_no_event_and_no_version(account, write):
    with logged() as events:
        write(account)
    assert (events, Account.objects.get().version) == ([], 1)
    assert Account.objects.get().last_login is not None


def test_a_write_of_an_ignored_field_and_another_is_an_event(account):
    with logged() as events:
        account.name = "b"
        sign_in_by_whole_row(account)
        Account.objects.update(last_login=None, name="c")
    assert [event[1:4] for event in events] == [("account.updated", str(account.pk), version) for version in (2, 3)]


# -- after the fact --------------------------------------------------------------------------------------------------


def test_touch_tells_what_raw_sql_wrote(account):
    with connection.cursor() as cursor:
        cursor.execute("UPDATE deskapp_account SET name = 'raw'")
    with logged() as events:
        assert touch(Account.objects.filter(name="raw")) == 1
    assert [event[1:] for event in events] == [("account.updated", str(account.pk), 2)]


def test_touch_refuses_what_is_not_live(transactional_db):
    with pytest.raises(ValueError, match="Agent is not live"):
        touch(Agent.objects.all())


def test_rows_deleted_together_are_not_a_query_each(project):
    counts = []
    for count in (2, 40):
        ticket = Ticket.objects.create(project=project)
        Comment.objects.bulk_create([Comment(ticket=ticket, text="x") for _ in range(count)])
        with CaptureQueriesContext(connection) as queries:
            ticket.delete()
        counts.append(len(queries))
    assert counts[0] == counts[1]
