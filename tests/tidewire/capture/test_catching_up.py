"""What a process without Tidewire wrote is told afterwards, by one command."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.tidewire.deskapp.models import Account, Comment, Label, Project, Ticket
from tests.tidewire.event_rows import logged

pytestmark = pytest.mark.django_db(transaction=True)


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_an_old_process_wrote(capsys):
    project = Project.objects.create(name="a")
    kept, gone = (Ticket.objects.create(project=project, title=title) for title in ("kept", "gone"))
    execute(
        "UPDATE deskapp_ticket SET title = 'changed'",
        f"DELETE FROM deskapp_ticket WHERE id = {gone.pk}",
        f"INSERT INTO deskapp_ticket (project_id, title, version, rank) VALUES ({project.pk}, 'new', '1.0', 0)",
    )
    new = Ticket.objects.get(title="new")
    with logged() as events:
        call_command("touch_live", "deskapp.Ticket")
    stream = f"project:{project.pk}"
    assert events == [
        (stream, "ticket.updated", str(kept.pk), "1.0"),
        (stream, "ticket.updated", str(new.pk), "1.0"),
        (stream, "ticket.deleted", str(gone.pk), None),
    ]
    assert "deskapp.Ticket: 2 rows became events, and 1 that are gone" in capsys.readouterr().out
    with logged() as events:
        call_command("touch_live", "deskapp.Ticket", verbosity=0)
    assert [type for _, type, _, _ in events] == ["ticket.updated"] * 2  # what is gone is told once


def test_an_old_process_does_not_name_the_version(transactional_db):
    """A process of before the column was added inserts rows: the column has its default in the database."""
    execute("INSERT INTO deskapp_account (name) VALUES ('old')")
    assert Account.objects.get().version == 1
    call_command("touch_live", "deskapp.Account", verbosity=0)
    assert Account.objects.get().version == 2


def test_a_row_that_owned_its_stream(transactional_db):
    label = Label.objects.create(name="a")
    execute("DELETE FROM deskapp_label")
    with logged() as events:
        call_command("touch_live", "deskapp.Label", verbosity=0)
    assert [(stream, type) for stream, type, _, _ in events] == [(f"label:{label.pk}", "label.deleted")]


@pytest.mark.parametrize("label", ["deskapp.Agent", "deskapp.NoSuch", "nonsense"])
def test_a_model_that_is_not_live(label):
    with pytest.raises(CommandError):
        call_command("touch_live", label)


def test_rows_whose_stream_is_found_through_others_are_missed_too():
    """A comment is in the stream of its ticket's project, and both may be gone: the log still names the stream."""
    project = Project.objects.create(name="a")
    ticket = Ticket.objects.create(project=project, title="x")
    kept, gone = (Comment.objects.create(ticket=ticket, text=text) for text in ("kept", "gone"))
    execute(f"DELETE FROM deskapp_comment WHERE id = {gone.pk}")
    with logged() as events:
        call_command("touch_live", "deskapp.Comment")
    assert (f"project:{project.pk}", "comment.deleted", str(gone.pk), None) in events
    assert [pk for _, type, pk, _ in events if type == "comment.updated"] == [str(kept.pk)]
    with logged() as events:
        call_command("touch_live", "deskapp.Comment")
    assert [type for _, type, _, _ in events] == ["comment.updated"]
