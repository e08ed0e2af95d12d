"""SQL that changes a live model's table without the ORM is warned about, and the ORM's own is not."""

import warnings

import pytest
from django.db import connection, transaction
from django.db.backends.signals import connection_created
from django.db.models.signals import post_save

from tests.tidewire.deskapp.models import Agent, Label, Project, Ticket
from tidewire.capture.raw_writes import UnnoticedWriteWarning, _warning, warn_with_debug, warnings_of_raw_writes

pytestmark = pytest.mark.django_db(transaction=True)


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE deskapp_ticket SET title = 'x'",
        'update "deskapp_ticket" set title = 1',
        "DELETE FROM deskapp_ticket",
        "INSERT INTO deskapp_label (name) VALUES ('x')",
        "WITH wanted AS (SELECT 1) UPDATE deskapp_ticket SET title = 'x'",
    ],
)
def test_sql_on_a_live_table(sql):
    with warnings_of_raw_writes(), pytest.warns(UnnoticedWriteWarning, match=r"tidewire\.touch"):
        execute(sql)


def test_sql_in_a_receiver_that_the_orm_called():
    def on_save(**kwargs):
        execute("UPDATE deskapp_ticket SET title = 'x'")

    post_save.connect(on_save, sender=Project)
    try:
        with warnings_of_raw_writes(), pytest.warns(UnnoticedWriteWarning):
            Project.objects.create(name="a")
    finally:
        post_save.disconnect(on_save, sender=Project)


def test_what_the_orm_writes_and_what_is_not_live():
    with warnings_of_raw_writes(), warnings.catch_warnings():
        warnings.simplefilter("error")
        ticket = Ticket.objects.create(project=Project.objects.create(name="a"))
        ticket.labels.add(Label.objects.create(name="x"))
        Ticket.objects.bulk_create([Ticket(project=ticket.project)], ignore_conflicts=True)
        Ticket.objects.update(title="x")
        with transaction.atomic():
            list(Ticket.objects.select_for_update().filter(pk=ticket.pk))
        ticket.project.delete()
        execute("SELECT 1 FROM deskapp_ticket")
        Agent.objects.create(name="a")
        execute("UPDATE deskapp_agent SET name = 'x'")


def test_only_with_debug(settings):
    opened = connection.execute_wrappers
    try:
        for debug, count in ((False, 0), (True, 1)):
            settings.DEBUG = debug
            warn_with_debug()
            for _ in range(2):
                connection.close()
                connection.ensure_connection()
            assert opened.count(_warning) == count
    finally:
        opened.remove(_warning)
        connection_created.disconnect(dispatch_uid="tidewire.raw_writes")
