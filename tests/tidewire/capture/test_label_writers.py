"""Two writers that label different tickets, in opposite order: neither waits for the other, nor in a circle."""

from __future__ import annotations

import time

import pytest
from django.db import connection, transaction
from django.db.utils import OperationalError

from tests.rig.verify import IS_VERIFY
from tests.tidewire.deskapp.models import Label, Project, Ticket
from tests.tidewire.threads import Writer, needs_row_locks

pytestmark = [pytest.mark.django_db(transaction=True), needs_row_locks]
SECONDS = 60 if IS_VERIFY else 4
LOCKED = "100ms"
"""A statement that waits longer for a lock fails."""


class Labelling:
    """Adds two labels to a ticket of its own and takes them away, again and again."""

    def __init__(self, ticket: Ticket, labels: list[Label]) -> None:
        self.ticket, self.labels = ticket, labels
        self.transactions = 0
        self.failures: list[str] = []

    def __call__(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('lock_timeout'), set_config('lock_timeout', %s, false)", [LOCKED])
            before, _ = cursor.fetchone()
        try:
            self._label()
        finally:  # the pool gives the session to other tests
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])

    def _label(self) -> None:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            try:
                with transaction.atomic():
                    for label in self.labels:
                        self.ticket.labels.add(label)
                with transaction.atomic():
                    for label in self.labels:
                        self.ticket.labels.remove(label)
            except OperationalError as error:  # a deadlock, or a wait
                self.failures.append(str(error))
            self.transactions += 2


def label_both(one: Labelling, two: Labelling) -> None:
    for writer in [Writer(one), Writer(two)]:
        writer.join(SECONDS + 30)
        writer.finish()


@pytest.mark.slow
def test_labels_added_in_opposite_order():
    a, b = Label.objects.create(name="a"), Label.objects.create(name="b")
    projects = [Project.objects.create(name=name) for name in ("one", "two")]
    tickets = [Ticket.objects.create(project=project) for project in projects]
    one, two = Labelling(tickets[0], [a, b]), Labelling(tickets[1], [b, a])
    label_both(one, two)
    assert (one.failures, two.failures) == ([], [])
    assert min(one.transactions, two.transactions) > SECONDS


@pytest.mark.slow
def test_labels_that_show_their_tickets_are_locked_in_one_order(monkeypatch):
    """Both ends change then. They are locked just before COMMIT, in the order of their keys."""
    from tests.tidewire.deskapp import declarations
    from tidewire.declare.registry import registry

    (live,) = [live for live in registry.lives if live.model is Label]
    assert live in declarations.LIVE
    monkeypatch.setitem(vars(live), "_shown", frozenset({"tickets"}))
    a, b = Label.objects.create(name="a"), Label.objects.create(name="b")
    project = Project.objects.create(name="one")
    tickets = [Ticket.objects.create(project=project) for _ in range(2)]
    one, two = Labelling(tickets[0], [a, b]), Labelling(tickets[1], [b, a])
    label_both(one, two)
    deadlocks = [failure for failure in one.failures + two.failures if "deadlock" in failure]
    assert deadlocks == []
    assert min(one.transactions, two.transactions) > SECONDS
