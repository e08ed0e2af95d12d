"""What a test that commits leaves behind is gone before the next."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from api.models import Member, Room, User
from tests.rig import emptied

pytestmark = pytest.mark.django_db(transaction=True)


TABLES = {"api_user", "api_room", "api_member"}


def filled() -> set[str]:
    return set(emptied._rows("default")[1])


def leave_rows() -> None:
    user = User.objects.create_user(email="left@example.com", password=None, name="Left")
    Member.objects.create(room=Room.objects.create(name="left"), user=user)


@pytest.mark.parametrize("time", [1, 2])
def test_rows_are_gone(time: int) -> None:
    assert filled().isdisjoint(TABLES)
    leave_rows()
    assert filled() >= TABLES


@pytest.mark.parametrize("time", [1, 2])
def test_what_migrate_made_is_there_again(time: int) -> None:
    """The first changes it, and is flushed; the second finds all of it."""
    assert ContentType.objects.filter(app_label="api").exists()
    assert Permission.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_permission")
    ContentType.objects.filter(app_label="api").delete()
