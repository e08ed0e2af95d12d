"""manage.py seed_demo"""

from __future__ import annotations

import json
import stat
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from api.models import Member, Message, Room, User
from tests.contract_client import ContractClient

pytestmark = pytest.mark.shown_on("sqlite")


@pytest.fixture(autouse=True)
def data_dir(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    return settings.DATA_DIR


def seed(*arguments: str) -> str:
    output = StringIO()
    call_command("seed_demo", *arguments, stdout=output)
    return output.getvalue()


def logins(data_dir) -> dict[str, str]:
    return json.loads((data_dir / "demo_logins.json").read_text())


def everything() -> list:
    users = list(User.objects.order_by("email").values_list("email", "password", "version"))
    members = list(Member.objects.order_by("id").values_list("room__name", "user__name", "role"))
    return [users, members, list(Message.objects.order_by("id").values_list("text", flat=True))]


def sign_in(email: str, password: str) -> int:
    return ContractClient().post("/api/v1/token/", {"email": email, "password": password}).status_code


def test_it_makes_users_who_can_sign_in_and_prints_their_logins(db, data_dir):
    output = seed()
    assert set(logins(data_dir)) == {f"{name}@example.com" for name in ("alice", "bob", "charlie")}
    for email, password in logins(data_dir).items():
        assert password in output
        assert sign_in(email, password) == 200
    assert list(Room.objects.order_by("name").values_list("name", "kind")) == [
        ("engine room", "private"),
        ("lobby", "public"),
    ]
    assert set(Member.objects.filter(room__name="engine room").values_list("user__name", "role")) == {
        ("Alice", "owner"),
        ("Bob", "member"),
    }


def test_doing_it_again_changes_nothing(db, data_dir):
    first = seed()
    before = everything()
    assert seed() == first
    assert everything() == before


def test_passwords_are_for_the_owner_of_the_file_only_and_differ_by_place(db, data_dir, settings, tmp_path):
    seed()
    assert stat.S_IMODE((data_dir / "demo_logins.json").stat().st_mode) == 0o600
    first = logins(data_dir)
    assert len(set(first.values())) == 3
    User.objects.all().delete()
    settings.DATA_DIR = tmp_path / "elsewhere"
    seed()
    assert not set(first.values()) & set(logins(settings.DATA_DIR).values())


def test_a_lost_file_gets_new_passwords(db, data_dir):
    seed()
    (data_dir / "demo_logins.json").unlink()
    seed()
    assert [sign_in(email, password) for email, password in logins(data_dir).items()] == [200] * 3


def test_a_new_database_gets_the_same_logins(db, data_dir):
    seed()
    before = logins(data_dir)
    Room.objects.all().delete()
    User.objects.all().delete()
    seed()
    assert logins(data_dir) == before
    assert [sign_in(email, password) for email, password in before.items()] == [200] * 3


def test_print_makes_nothing(db, data_dir):
    assert "/api/docs/" in seed("--print")
    assert not User.objects.exists()
    assert not data_dir.exists()


def test_a_production_server_gets_no_demo_accounts(db, settings):
    settings.IS_PRODUCTION = True
    with pytest.raises(CommandError):
        seed()
    assert not User.objects.exists()
