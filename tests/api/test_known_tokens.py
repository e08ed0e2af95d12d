"""A process that follows the revocation log accepts a token without a query, and refuses it once it was revoked."""

import pytest
from django.db.models import QuerySet

from api.auth import sessions, tokens
from api.models import Session, User
from tests.api.conftest import Person, problem, statements
from tests.factories import make_room, make_user
from tidewire.log import revocations

pytestmark = pytest.mark.django_db(transaction=True)


class Follower:
    def __init__(self) -> None:
        self.is_current, self.ended = True, set()

    def has_ended(self, session_id: str | None) -> bool:
        return session_id in self.ended


@pytest.fixture(autouse=True)
def follower():
    follower = Follower()
    revocations.attach(follower)
    yield follower
    revocations.detach(follower)


def sid(person: Person) -> str:
    return tokens.authenticate(person.token).session_id


def test_a_known_token_costs_no_query(alice, follower):
    room = make_room(alice.user)

    def cost() -> int:
        return statements(lambda: alice.get(f"/api/v1/rooms/{room.pk}/"))

    known = cost()
    follower.is_current = False
    assert cost() == known + 1


def test_the_columns_of_the_user_are_read_together_when_one_is_used(alice, django_assert_num_queries):
    User.objects.filter(pk=alice.user.pk).update(name="Alicia")
    with django_assert_num_queries(1):
        me = alice.get("/api/v1/me/").json()
    assert (me["id"], me["name"], me["email"]) == (alice.id, "Alicia", alice.user.email)


def test_a_logout_here_is_known_at_once(alice, follower):
    pair = sessions.sign_in_as(alice.user)
    alice.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert alice.get("/api/v1/me/").status_code == 200
    assert alice.post("/api/v1/token/blacklist/", {"refresh": pair["refresh"]}).status_code == 200
    assert follower.ended == set()  # the hub has not read it
    assert problem(alice.get("/api/v1/rooms/")) == (401, "session_ended")


@pytest.mark.parametrize(
    "close",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: User.objects.bulk_update([_closed(user)], ["is_active"]),
        lambda user: _closed(user).save(),
        lambda user: user.delete(),
        lambda user: Session.objects.filter(user=user).end(),
    ],
)
def test_closing_an_account_here_is_known_at_once(alice, close):
    close(User.objects.get(pk=alice.user.pk))
    assert alice.get("/api/v1/rooms/").status_code == 401


def _closed(user: User) -> User:
    user.is_active = False
    return user


def test_a_revocation_of_another_process_counts_when_the_hub_has_read_it(alice, follower):
    """The answer shows that the session's row was read."""
    follower.ended.add(sid(alice))
    Session.objects.filter(user=alice.user).update(ended_at="2026-01-01T00:00:00Z")
    assert problem(alice.get("/api/v1/rooms/")) == (401, "session_ended")


def test_a_process_that_lost_the_log_asks(alice, follower):
    Session.objects.filter(user=alice.user)._raw_delete("default")  # of another process, not read yet
    assert alice.get("/api/v1/rooms/").status_code == 200
    follower.is_current = False
    assert problem(alice.get("/api/v1/rooms/")) == (401, "session_ended")


def test_a_deleted_account_is_no_crash(alice):
    """The revocation has not arrived yet: the token is accepted, and its user is missing."""
    delete_elsewhere(alice.user)
    assert problem(alice.get("/api/v1/me/")) == (401, "session_ended")
    assert problem(alice.post("/api/v1/rooms/", {"name": "x", "kind": "private"})) == (401, "session_ended")


def delete_elsewhere(user: User) -> None:
    """Deletes the account as another process does, without a note in this one."""
    QuerySet(Session).filter(user=user)._raw_delete("default")
    QuerySet(User).filter(pk=user.pk)._raw_delete("default")


def test_a_token_is_known_again_only_while_it_lasts(alice, monkeypatch):
    assert alice.get("/api/v1/rooms/").status_code == 200
    expires_at = tokens.authenticate(alice.token).expires_at
    monkeypatch.setattr(tokens.time, "time", lambda: expires_at)
    assert problem(alice.get("/api/v1/rooms/")) == (401, "token_expired")


def test_each_token_has_its_own_user(alice):
    other = Person(make_user("Other"))
    for person in (alice, other, alice):
        assert person.get("/api/v1/me/").json()["id"] == person.id
