"""keys/: making, showing once, scopes, bindings, rotation, revocation; and what a key allows."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from api.auth import keys, scopes
from api.models import Key, Member, Message, Room, User, key_text
from api.urls import urlpatterns
from realtime.credentials import authenticate
from tests.api.conftest import MISSING, Person, pointers, problem, statements, url
from tests.contract_client import ContractClient
from tests.factories import make_message, make_room
from tidewire.ground.credentials import ExpiredCredential, InvalidCredential
from tidewire.ground.streams import REVOCATIONS
from tidewire.log.tables import Event
from tidewire.testing import record_now

KEYS = "/api/v1/keys/"


class Program(ContractClient):
    """A client with an API key."""

    def __init__(self, made: dict) -> None:
        super().__init__()
        self.id, self.text, self.user_id = made["id"], made["key"], made["user"]["id"]
        self.credentials(HTTP_AUTHORIZATION=f"Bearer {self.text}")


def make_key(person: Person, *held: str, **fields) -> Program:
    response = person.post(KEYS, {"name": "Robot", "scopes": held or list(scopes.SCOPES), **fields})
    assert response.status_code == 201, response.content
    return Program(response.json())


def stream(room: Room) -> str:
    return f"room:{room.pk}"


def revoked_sessions() -> set[str]:
    """Returns the keys and sessions that the revocation log names."""
    record_now()
    events = Event.objects.filter(stream__name=REVOCATIONS).values_list("payload", flat=True)
    return {id for payload in events for id in re.findall(r'"sessions":\["(.*?)"\]', payload)}


# -- the text --------------------------------------------------------------------------------------------------------


def test_junk_is_recognised_without_a_query():
    """Without the `db` fixture a query raises."""
    id = UUID(MISSING)
    text = key_text.mint(id)
    assert re.fullmatch(r"tw_live_[0-9A-Za-z]{22}_[0-9A-Za-z]{38}", text)
    assert key_text.id_of(text) == id
    for junk in (text[:-1], text + "0", text[:-1] + ("0" if text[-1] != "0" else "1"), text.swapcase(), "tw_", ""):
        assert key_text.id_of(junk) is None
        with pytest.raises(InvalidCredential):
            keys.find_key(junk)
    with pytest.raises(InvalidCredential):
        authenticate("tw_live_")


def test_every_text_is_another():
    assert len({key_text.mint(UUID(MISSING)) for _ in range(50)}) == 50


def test_an_id_beyond_a_uuid_is_no_key():
    text = f"tw_live_{'z' * 22}_{'0' * 32}"
    assert key_text.id_of(text + key_text.checksum(text)) is None


# -- made, shown, renamed, revoked -----------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_hash(alice):
    response = alice.post(KEYS, {"name": "Backup", "scopes": ["messages:read", "rooms:read", "rooms:read"]})
    made = response.json()
    assert response.status_code == 201
    assert made["scopes"] == ["messages:read", "rooms:read"]
    assert made["user"] == alice.json
    assert (made["last4"], made["stream"], made["used_at"]) == (made["key"][-4:], None, None)
    shown = alice.get(response["Location"]).json()
    assert shown == {name: value for name, value in made.items() if name != "key"}
    assert alice.get(KEYS).json()["results"] == [shown]
    row = Key.objects.get()
    assert made["key"] not in str(vars(row))
    assert row.hashed == key_text.hashed(made["key"])


def test_a_key_is_the_business_of_its_maker(alice, bob, anybody):
    key = make_key(alice)
    for method, *body in (("get",), ("patch", {"name": "Mine"}), ("delete",)):
        assert problem(getattr(bob, method)(f"{KEYS}{key.id}/", *body)) == (404, "not_found")
        assert problem(getattr(anybody, method)(f"{KEYS}{key.id}/", *body)) == (401, "not_authenticated")
    assert problem(bob.post(f"{KEYS}{key.id}/rotate/")) == (404, "not_found")
    assert bob.get(KEYS).json()["results"] == []


def test_a_key_is_renamed_unless_it_has_changed(alice):
    path = f"{KEYS}{make_key(alice).id}/"
    etag = alice.get(path)["ETag"]
    assert alice.patch(path, {"name": "Crane"}, headers={"If-Match": etag}).json()["name"] == "Crane"
    assert problem(alice.patch(path, {"name": "Boat"}, headers={"If-Match": etag})) == (412, "version_mismatch")


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({}, [("/name", "required"), ("/scopes", "required")]),
        ({"name": "x", "scopes": []}, [("/scopes", "min_length")]),
        ({"name": "x", "scopes": ["messages:burn"]}, [("/scopes/0", "invalid_choice")]),
        ({"name": "x", "scopes": "messages:read"}, [("/scopes", "not_a_list")]),
        ({"name": "x", "scopes": ["me:read"], "expires_at": "2020-01-01T00:00:00Z"}, [("/expires_at", "past")]),
        ({"name": "x", "scopes": ["me:read"], "id": "0b0f57ac-0000-4000-8000-000000000000"}, [("/id", "version")]),
    ],
)
def test_an_invalid_key(alice, body, wrong):
    assert pointers(alice.post(KEYS, body)) == wrong


def test_an_id_is_used_once(alice, bob):
    body = {"id": MISSING, "name": "x", "scopes": ["me:read"]}
    assert alice.post(KEYS, body).status_code == 201
    for person in (alice, bob):
        assert problem(person.post(KEYS, body)) == (409, "id_taken")


def test_fifty_keys_are_enough(alice, monkeypatch):
    monkeypatch.setattr("api.models.keys.MAX_KEYS", 2)
    first, _ = make_key(alice), make_key(alice)
    assert problem(alice.post(KEYS, {"name": "x", "scopes": ["me:read"]})) == (409, "too_many_keys")
    assert problem(alice.post(f"{KEYS}{first.id}/rotate/")) == (409, "too_many_keys")
    alice.delete(f"{KEYS}{first.id}/")
    make_key(alice)


def test_revoking_closes_the_sockets_and_every_door(alice):
    key, other = make_key(alice), make_key(alice)
    assert key.get("/api/v1/me/").status_code == 200
    assert alice.delete(f"{KEYS}{key.id}/").status_code == 204
    assert revoked_sessions() == {key.id}
    response = key.get("/api/v1/me/")
    assert problem(response) == (401, "key_invalid")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert problem(alice.delete(f"{KEYS}{key.id}/")) == (404, "not_found")
    assert other.get("/api/v1/me/").status_code == 200


def test_rotating_leaves_the_old_one_alive(alice):
    until = timezone.now() + timedelta(days=30)
    old = make_key(alice, "me:read", expires_at=until.isoformat())
    made = alice.post(f"{KEYS}{old.id}/rotate/").json()
    new = Program(made)
    assert (made["name"], made["scopes"]) == ("Robot", ["me:read"])
    assert made["id"] != old.id
    assert made["expires_at"] > until.isoformat()
    for program in (old, new):
        assert program.get("/api/v1/me/").json()["id"] == alice.id
    forever = alice.post(f"{KEYS}{old.id}/rotate/", {"expires_at": None}).json()
    assert forever["expires_at"] is None


@pytest.mark.parametrize(
    "close",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: (setattr(user, "is_active", False), user.save()),
        lambda user: user.delete(),
    ],
    ids=["in bulk", "one", "deleted"],
)
def test_a_closed_account_has_no_keys(alice, close):
    key = make_key(alice)
    close(alice.user)
    assert key.id in revoked_sessions()
    assert problem(key.get("/api/v1/me/")) == (401, "key_invalid")


def test_a_new_password_leaves_the_keys(alice):
    key = make_key(alice)
    alice.user.set_password("quite another one")
    alice.user.save()
    assert key.get("/api/v1/me/").status_code == 200


def test_keys_end(alice):
    key = make_key(alice, expires_at=(timezone.now() + timedelta(hours=1)).isoformat())
    assert authenticate(key.text)().expires_at > timezone.now().timestamp()
    Key.objects.update(expires_at=timezone.now())
    assert problem(key.get("/api/v1/me/")) == (401, "key_expired")
    with pytest.raises(ExpiredCredential):
        authenticate(key.text)()


def test_the_last_use_is_noted_now_and_then_and_changes_no_version(alice):
    key = make_key(alice)
    assert statements(lambda: key.get("/api/v1/me/")) == statements(lambda: key.get("/api/v1/me/")) + 1
    row = Key.objects.get()
    assert timezone.now() - row.used_at < timedelta(minutes=1)
    assert row.version == 1


def test_a_key_costs_one_query(alice):
    key = make_key(alice)
    key.get("/api/v1/me/")
    assert statements(lambda: key.get("/api/v1/me/")) == 1


# -- scopes ----------------------------------------------------------------------------------------------------------


def test_a_missing_scope_is_named(room, bob):
    key = make_key(bob, "messages:read")
    assert key.get(url(room, "messages")).status_code == 200
    response = key.post(url(room, "messages"), {"text": "Ahoy"})
    assert problem(response) == (403, "insufficient_scope")
    assert "messages:write" in response.json()["detail"]
    assert "WWW-Authenticate" not in response
    assert problem(key.get(url(room, "members"))) == (403, "insufficient_scope")


def test_a_key_has_its_users_rights_and_no_more(room, bob, charlie):
    theirs, unidentified = make_key(bob), make_key(charlie)
    message = theirs.post(url(room, "messages"), {"text": "Ahoy"})
    assert message.json()["author"] == bob.json
    assert problem(theirs.delete(url(room))) == (403, "permission_denied")
    assert problem(unidentified.get(url(room, "messages"))) == (404, "not_found")
    record_now()
    payload = Event.objects.get(type="message.created").payload
    assert f'"actor":{{"type":"user","id":"{bob.id}"}}' in payload


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", KEYS),
        ("post", KEYS),
        ("patch", "/api/v1/me/"),
        ("delete", "/api/v1/me/"),
        ("post", "/api/v1/me/password/"),
        ("get", "/api/v1/me/sessions/"),
    ],
)
def test_requests_that_no_key_may_make(alice, method, path):
    assert problem(getattr(make_key(alice), method)(path)) == (403, "key_not_allowed")


def test_every_resource_of_the_table_is_a_views():
    views = {pattern.callback.cls for pattern in urlpatterns}
    named = {view.resource for view in views if getattr(view, "resource", None)}
    assert named == set(scopes.RESOURCES)


def test_a_socket_may_do_what_its_key_may(room, bob):
    held = {
        ("messages:read",): (frozenset(), False),
        ("streams:read",): (None, False),
        ("streams:read", "streams:write"): (None, True),
    }
    for names, (streams, may_publish) in held.items():
        identity = authenticate(make_key(bob, *names).text)()
        assert (identity.streams, identity.may_publish, identity.user_id) == (streams, may_publish, bob.id)


# -- keys of a room --------------------------------------------------------------------------------------------------


@pytest.fixture
def robot(room, alice) -> Program:
    return make_key(alice, stream=stream(room))


def test_a_rooms_key_is_a_member_of_its_own(room, alice, robot):
    member = Member.objects.select_related("user").get(room=room, user=robot.user_id)
    assert (member.role, member.user.name, member.user.is_service) == ("member", "Robot", True)
    posted = robot.post(url(room, "messages"), {"text": "All is well"}).json()
    assert posted["author"] == {"id": robot.user_id, "name": "Robot"}
    record_now()
    payload = Event.objects.get(type="message.created").payload
    assert f'"actor":{{"type":"service","id":"{robot.user_id}"}}' in payload
    assert [key["id"] for key in alice.get(KEYS, {"stream": stream(room)}).json()["results"]] == [robot.id]
    assert alice.get(KEYS).json()["results"] == []


def test_a_rooms_key_is_confined_to_it(room, lobby, alice, bob, robot):
    assert robot.get("/api/v1/me/").json()["id"] == robot.user_id
    elsewhere = make_room(alice.user)
    for path in (url(lobby), url(elsewhere), url(), f"/api/v1/rooms/{MISSING}/", f"/api/v1/streams/{stream(lobby)}/"):
        assert problem(robot.get(path)) == (403, "key_confined")
    assert problem(robot.post(url(), {"name": "Empire"})) == (403, "key_confined")
    assert problem(robot.post(url(lobby, "join"))) == (403, "key_confined")
    assert robot.get(f"/api/v1/streams/{stream(room)}/").status_code == 200
    assert authenticate(robot.text)().streams == {stream(room)}


def test_only_owners_make_keys_for_a_room(room, alice, dora, bob, charlie):
    body = {"name": "x", "scopes": ["me:read"], "stream": stream(room)}
    for person in (dora, bob):
        assert problem(person.post(KEYS, body)) == (403, "permission_denied")
        assert problem(person.get(KEYS, {"stream": stream(room)})) == (403, "permission_denied")
    assert problem(charlie.post(KEYS, body)) == (404, "not_found")
    for name in ("room:x", f"room:{MISSING}", f"user:{alice.id}", f"boat:{MISSING}", "x", "revocations:all"):
        assert problem(alice.post(KEYS, {**body, "stream": name})) == (404, "not_found")
    assert not User.objects.filter(is_service=True).exists()


def test_another_owner_revokes_it(room, alice, dora, bob, robot):
    assert problem(dora.delete(f"{KEYS}{robot.id}/")) == (404, "not_found")
    Member.objects.filter(room=room, user=dora.user).update(role="owner")
    assert dora.delete(f"{KEYS}{robot.id}/").status_code == 204


def test_an_account_leaves_with_its_last_key(room, alice, robot):
    robot.post(url(room, "messages"), {"text": "Bye"})
    other = Program(alice.post(f"{KEYS}{robot.id}/rotate/").json())
    alice.delete(f"{KEYS}{robot.id}/")
    assert other.get(url(room)).status_code == 200
    alice.delete(f"{KEYS}{other.id}/")
    assert not Member.objects.filter(user=robot.user_id).exists()
    assert alice.get(url(room, "messages")).json()["results"][0]["author"]["name"] == "Robot"
    assert not User.objects.get(pk=robot.user_id).is_active


@pytest.mark.parametrize("how", ["over REST", "in bulk"])
def test_a_rooms_keys_end_with_it(room, alice, robot, how):
    make_message(room, User.objects.get(pk=robot.user_id))
    alice.delete(url(room)) if how == "over REST" else Room.objects.filter(pk=room.pk).delete()
    assert robot.id in revoked_sessions()
    assert problem(robot.get("/api/v1/me/")) == (401, "key_invalid")
    assert not User.objects.filter(is_service=True).exists()
    assert not Message.objects.exists()


def test_a_service_account_is_no_person(room, alice, bob, robot):
    elsewhere = make_room(alice.user)
    add = alice.post(url(elsewhere, "members"), {"user_id": robot.user_id})
    assert pointers(add) == [("/user_id", "does_not_exist")]
    direct = bob.post(url(), {"kind": "direct", "user_id": robot.user_id})
    assert pointers(direct) == [("/user_id", "does_not_exist")]
    promoted = alice.patch(url(room, "members", robot.user_id), {"role": "owner"})
    assert problem(promoted) == (409, "service_account")
    assert alice.patch(url(room, "members", robot.user_id), {"role": "admin"}).status_code == 200


def test_a_service_account_inherits_no_room(alice):
    room = make_room(alice.user)
    make_key(alice, stream=stream(room))
    alice.delete("/api/v1/me/")
    assert not Room.objects.exists()
    assert not User.objects.filter(is_service=True).exists()


def test_a_service_account_cannot_sign_in(room, alice, robot):
    email = User.objects.get(pk=robot.user_id).email
    response = ContractClient().post("/api/v1/token/", {"email": email, "password": "x"})
    assert problem(response) == (401, "credentials_invalid")


def test_the_admin_revokes_by_deleting(alice, admin_client):
    key = make_key(alice)
    assert admin_client.get("/admin/api/key/", headers={"Host": "localhost"}).status_code == 200
    path = f"/admin/api/key/{key.id}/delete/"
    assert admin_client.post(path, {"post": "yes"}, headers={"Host": "localhost"}).status_code == 302
    assert key.id in revoked_sessions()
    assert problem(key.get("/api/v1/me/")) == (401, "key_invalid")
