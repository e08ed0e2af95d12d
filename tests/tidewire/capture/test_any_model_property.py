"""Old snapshot + events = fresh read, for models written by plain habits, after any writes by any path of the ORM."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.utils.encoders import JSONEncoder

from tests.rig.verify import IS_VERIFY
from tests.tidewire.deskapp import declarations
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
from tidewire import touch
from tidewire.log.heads import existing
from tidewire.log.pages import read_after
from tidewire.log.tables import Stream

pytestmark = pytest.mark.django_db(transaction=True)
EXAMPLES = 300 if IS_VERIFY else 25

State = dict[str, dict[tuple[str, Any], Any]]
"""{stream: {(name of the model, key): what a list shows}}."""


def fresh() -> State:
    """Reads everything as the app's views would: by the default manager, which hides what is deleted."""
    state: State = {}
    for live in declarations.LIVE:
        name = live.model.__name__.lower()
        for row in live.model._default_manager.all():
            if live.stream.key_of(row) is not None and not live.is_deleted(row):
                shown = json.loads(json.dumps(live.serializer(row).data, cls=JSONEncoder))
                state.setdefault(live.stream.name_of(row), {})[name, shown["id"]] = sort(shown)
    return state


def sort(shown: dict[str, Any]) -> dict[str, Any]:
    """A relation is a set: without an order of its own, two reads may list it differently."""
    return {name: sorted(value) if isinstance(value, list) else value for name, value in shown.items()}


def heads() -> dict[str, int]:
    names = list(Stream.objects.values_list("name", flat=True))
    return {name: position.offset for name, position in existing(names).items()}


def apply(state: State, since: dict[str, int]) -> State:
    """Applies the events of all streams since these offsets to a copy of an old state."""
    copy = {stream: dict(rows) for stream, rows in state.items()}
    for stream in heads():
        rows = copy.setdefault(stream, {})
        for number, entry in enumerate(read_after(stream, since.get(stream, 0)).entries, since.get(stream, 0) + 1):
            event = json.loads(entry.payload)
            assert entry.offset == number, f"a hole in {stream}"
            name, _, verb = event["type"].partition(".")
            key = (name, event["data"]["id"])
            if event["type"] == "project.deleted":
                rows.clear()  # a stream ends with its row
            elif verb == "deleted":
                rows.pop(key, None)
            else:
                rows[key] = sort(event["data"])
    return {stream: rows for stream, rows in copy.items() if rows}


# -- a world, and what may happen in it ------------------------------------------------------------------------------


def some(rows: Any, number: int) -> Any:
    """Returns a row of a queryset, or None."""
    found = list(rows.order_by("pk"))
    return found[number % len(found)] if found else None


def prepare() -> None:
    one, two = Project.objects.create(name="one"), Project.objects.create(name="two")
    agent = Agent.objects.create(name="agent")
    labels = [Label.objects.create(name=name) for name in ("red", "green")]
    ticket = one.tickets.create(title="first", assignee=agent)
    ticket.labels.add(*labels)
    ticket.comments.create(text="hello")
    Incident.objects.create(project=two, title="fire")
    Laptop.objects.create(name="laptop")
    Account.objects.create(name="account").groups.add(Group.objects.create(name="staff"))
    Note.objects.create(project=one, text="note")


def save_ticket(n: int) -> None:
    if ticket := some(Ticket.everything, n):
        ticket.title = f"saved {n}"
        ticket.save()


def save_fields(n: int) -> None:
    if ticket := some(Ticket.everything, n):
        ticket.rank, ticket.title = n, "not written"
        ticket.save(update_fields=["rank"])


def update_by_relation(n: int) -> None:
    if project := some(Project.objects, n):
        project.tickets.update(title=f"updated {n}")


def update_values(n: int) -> None:
    Ticket.everything.values("title").filter(rank__lte=n).update(rank=F("rank") + 1)


def update_proxies(n: int) -> None:
    UrgentTicket.objects.filter(rank__gte=0).update(version=f"{n}.0")


def bulk_update(n: int) -> None:
    tickets = list(Ticket.everything.all()[: n % 3])
    for ticket in tickets:
        ticket.title = f"bulk {n}"
    Ticket.everything.bulk_update(tickets, ["title"])


def create(n: int) -> None:
    if project := some(Project.objects, n):
        project.tickets.create(title="created").labels.set(Label.objects.all()[: n % 3])


def create_many(n: int) -> None:
    project = some(Project.objects, n)
    Ticket.objects.bulk_create([Ticket(project=project) for _ in range(n % 3)], ignore_conflicts=n % 2 == 0)


def hide(n: int) -> None:
    if ticket := some(Ticket.everything, n):
        ticket.delete_softly(None if ticket.deleted_at else timezone.now())


def hide_many(n: int) -> None:
    Ticket.everything.filter(rank=n % 3).update(deleted_at=timezone.now())


def restore_many(n: int) -> None:
    Ticket.everything.filter(rank=n % 3).update(deleted_at=None)


def hide_note(n: int) -> None:
    Note._base_manager.update(deleted_at=timezone.now() if n % 2 else None, text=f"{n}")


def delete(n: int) -> None:
    if ticket := some(Ticket.everything, n):
        ticket.delete()


def delete_many(n: int) -> None:
    Ticket.everything.filter(rank=n).delete()


def move(n: int) -> None:
    """Moves a ticket. Its comments do not hear of it, so it has none."""
    if ticket := some(Ticket.everything, n):
        ticket.comments.all().delete()
        ticket.project = some(Project.objects, n + 1)
        ticket.save()


def comment(n: int) -> None:
    if ticket := some(Ticket.everything, n):
        ticket.comments.create(text=f"comment {n}")
        Comment.objects.filter(ticket=ticket).update(text=f"changed {n}")


def move_comment(n: int) -> None:
    comment, ticket = some(Comment.objects, n), some(Ticket.everything, n)
    if comment and ticket:
        comment.ticket = ticket
        comment.save()


def label(n: int) -> None:
    ticket, label = some(Ticket.everything, n), some(Label.objects, n)
    if ticket and label:
        (ticket.labels.remove if label in ticket.labels.all() else ticket.labels.add)(label)


def label_from_the_other_end(n: int) -> None:
    if label := some(Label.objects, n):
        label.tickets.set(Ticket.everything.all()[: n % 3])


def label_by_rows(n: int) -> None:
    through, ticket, label = Ticket.labels.through, some(Ticket.everything, n), some(Label.objects, n)
    if ticket and label:
        through.objects.bulk_create([through(ticket=ticket, label=label)], ignore_conflicts=True)
        through.objects.filter(ticket__rank=n).delete()


def delete_label(n: int) -> None:
    if n % 4 == 0 and (label := some(Label.objects, n)):
        label.delete()
        Label.objects.create(name=f"new {n}")


def watch(n: int) -> None:
    ticket, agent = some(Ticket.everything, n), some(Agent.objects, n)
    if ticket and agent:
        Watch.objects.update_or_create(ticket=ticket, agent=agent, defaults={"reason": f"{n}"})
        agent.watched.remove(*Ticket.everything.filter(rank=n))


def delete_agent(n: int) -> None:
    Agent.objects.all().delete()  # SET_NULL, and the rows of a relation
    agent = Agent.objects.create(name=f"agent {n}")
    Ticket.everything.filter(rank=n).update(assignee=agent)


def escalate(n: int) -> None:
    """Makes a ticket an incident: a child for a parent that was there."""
    if (ticket := some(Ticket.everything, n)) and not Incident._base_manager.filter(pk=ticket.pk).exists():
        incident = Incident(ticket_ptr=ticket)
        vars(incident).update({name: value for name, value in vars(ticket).items() if name != "_state"})
        incident.severity = n
        incident.save()


def calm_down(n: int) -> None:
    if incident := some(Incident._base_manager, n):
        incident.delete(keep_parents=n % 2 == 0)


def change_incidents(n: int) -> None:
    Incident._base_manager.update(title=f"incident {n}", severity=n)
    Incident._base_manager.filter(severity__gt=3).update(rank=n)


def change_assets(n: int) -> None:
    Laptop.objects.update(memory=n)
    Asset.objects.update(name=f"asset {n}")
    for laptop in Laptop.objects.all():
        laptop.save()


def change_groups(n: int) -> None:
    for group in Group.objects.all():
        group.permissions.set(Permission.objects.order_by("pk")[: n % 3])
    Group.objects.filter(accounts__isnull=False).update(name=f"group {n}")
    touch(Account.objects.all())  # they show the names of their groups


def sign_in(n: int) -> None:
    for account in Account.objects.all():
        account.last_login = timezone.now()
        account.save(update_fields=["last_login"] if n % 2 else None)
        account.groups.set(Group.objects.all()[: n % 2])


def change_of_mind(n: int) -> None:
    with transaction.atomic():
        save_ticket(n)
        with contextlib.suppress(Stop), transaction.atomic():
            update_values(n)
            label(n)
            hide_many(n)
            raise Stop
        label(n + 1)
        with transaction.atomic():
            hide(n)
            label_by_rows(n)


def nothing_at_all(n: int) -> None:
    with contextlib.suppress(Stop), transaction.atomic():
        create(n)
        change_incidents(n)
        delete_many(n)
        raise Stop


def close_project(n: int) -> None:
    if n == 0 and (project := some(Project.objects, n)):
        project.delete()
        Project.objects.create(name="new")


class Stop(Exception):
    """Ends a block that is rolled back."""


WRITES: list[Callable[[int], None]] = [
    *(save_ticket, save_fields, update_by_relation, update_values, update_proxies, bulk_update, create, create_many),
    *(hide, hide_many, restore_many, hide_note, delete, delete_many, move, comment, move_comment, label),
    *(label_from_the_other_end, label_by_rows, delete_label, watch, delete_agent, escalate, calm_down),
    *(change_incidents, change_assets, change_groups, sign_in, change_of_mind, nothing_at_all, close_project),
]
steps = st.lists(st.tuples(st.sampled_from(WRITES), st.integers(0, 7)), min_size=1, max_size=12)


@contextlib.contextmanager
def a_world() -> Iterator[None]:
    """The rows of one example. Deleting them makes events too, of streams that no later example has."""
    prepare()
    try:
        yield
    finally:  # also after a failure, which is looked for again with fewer steps
        for model in (Project, Label, Group, Agent, Asset, Account):
            model._base_manager.all().delete()


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, together=st.booleans())
def test_an_old_snapshot_and_the_events_are_a_fresh_read(transactional_db, steps, together):
    with a_world():
        old, since = fresh(), heads()
        with transaction.atomic() if together else contextlib.nullcontext():
            for write, number in steps:
                write(number)
        assert apply(old, since) == fresh()


@pytest.mark.parametrize("write", WRITES, ids=[write.__name__ for write in WRITES])
def test_each_write_by_itself(transactional_db, write):
    with a_world():
        for number in range(8):
            old, since = fresh(), heads()
            write(number)
            assert apply(old, since) == fresh()


def test_a_missing_event_is_found(transactional_db):
    """Else the comparison above would prove nothing."""
    with a_world():
        old, since = fresh(), heads()
        Ticket._base_manager.all()._update([(Ticket._meta.get_field("title"), None, "unnoticed")])
        assert apply(old, since) != fresh()


@pytest.mark.parametrize("then", [nothing_at_all, delete_many, move])
def test_a_deletion_belongs_to_the_stream_that_the_row_was_in(transactional_db, then):
    """Also when the row that leads to the stream is moved next, in the same transaction."""
    with a_world():
        old, since = fresh(), heads()
        with transaction.atomic():
            move(4)
            then(4)
        assert apply(old, since) == fresh()
