"""Bad frames and wrong tokens: the sender gets a typed error or a close code, and other clients notice nothing."""

import json
from collections.abc import Callable

import jwt
import pytest

from tests.rig.raw import RawSocket
from tests.rig.rest import Person, channel
from tests.rig.site import Site
from tests.scenarios.conftest import People

UNKNOWN_CHANNEL, PERMISSION_DENIED, METHOD_NOT_FOUND, ALREADY, BAD_REQUEST, TOKEN_EXPIRED = 102, 103, 104, 105, 107, 109
CLOSED_INVALID_TOKEN, CLOSED_BAD_REQUEST = 3500, 3501
# Above its own frame limit a server closes before our code sees a byte. That of daphne is above ours.
CLOSED_TOO_BIG = 1009
FRAME_LIMITS = {"daphne": 1_000_000, "uvicorn": 262_144}

pytestmark = pytest.mark.shown_on("embedded")  # refused before any database or layer is asked

Open = Callable[[str], RawSocket]

BAD_FRAMES: dict[str, str | bytes] = {
    "not json": "hello",
    "half an object": '{"id": 2, "subscribe": {',
    "a number": "1",
    "a string": '"subscribe"',
    "null": "null",
    "a list": "[]",
    "a list of commands": '[{"id": 2, "ping": {}}]',
    "nan": '{"id": NaN}',
    "infinity": '{"id": 2, "subscribe": {"channel": "x", "offset": Infinity}}',
    "a huge integer": '{"id": ' + "9" * 5000 + "}",
    "a negative id": '{"id": -1, "ping": {}}',
    "an id that is a string": '{"id": "2", "ping": {}}',
    "a lone surrogate": '{"id": 2, "subscribe": {"channel": "\\ud800"}}',
    "a NUL": '{"id": 2, "subscribe": {"channel": "room:\\u0000"}}',
    "deep arrays": "[" * 50_000 + "]" * 50_000,
    "deep objects": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "deep data": '{"id": 2, "subscribe": {"channel": "x", "data": ' + "[" * 5_000 + "]" * 5_000 + "}}",
    "two methods": '{"id": 2, "subscribe": {"channel": "x"}, "unsubscribe": {"channel": "x"}}',
    "subscribe that is a string": '{"id": 2, "subscribe": "room"}',
    "subscribe without channel": '{"id": 2, "subscribe": {}}',
    "a channel that is a number": '{"id": 2, "subscribe": {"channel": 5}}',
    "a negative offset": '{"id": 2, "subscribe": {"channel": "x", "recover": true, "offset": -1}}',
    "an offset beyond 64 bits": '{"id": 2, "subscribe": {"channel": "x", "recover": true, "offset": ' + "9" * 30 + "}}",
    "a control character": '{"id": 2, "subscribe": {"channel": "a\x01b"}}',
    "large": json.dumps({"id": 2, "subscribe": {"channel": "x" * 100_000}}),
    "huge": json.dumps({"id": 2, "subscribe": {"channel": "x" * 2_000_000}}),
    "ten thousand commands": "\n".join(json.dumps({"id": n, "ping": {}}) for n in range(2, 10_002)),
    "binary": b"\x00\x01\x02\xff",
    "binary json": b'{"id": 2, "ping": {}}',
    "empty": "",
    "blank lines": "\n\n\n",
}


class Bystander:
    """A healthy socket of another client. It must go on as if nothing had happened."""

    def __init__(self, site: Site, person: Person, raw: Open) -> None:
        self._person = person
        self._room = person.make_room()
        self._socket = raw(site.ws_url)
        self._socket.connect(person.access)
        self._socket.subscribe(channel(self._room))

    def check(self) -> None:
        said = self._person.say(self._room, "still here")
        assert self._socket.receive()["push"]["pub"]["data"]["data"] == said


@pytest.fixture
def bystander(site: Site, people: People, raw: Open) -> Bystander:
    return Bystander(site, people[0], raw)


def outcome(socket: RawSocket) -> int:
    """Returns the code of the error reply or of the close; 0 when the socket still answers."""
    socket.send({"id": 99, "ping": {}})
    try:
        while True:
            message = socket.receive()
            if "error" in message:
                return message["error"]["code"]
            if message.get("id") == 99:
                return 0
            assert "push" not in message or "disconnect" in message["push"], message
    except Exception as error:
        rcvd = getattr(error, "rcvd", None)
        if hasattr(error, "rcvd"):
            return rcvd.code if rcvd else 1006
        raise


@pytest.mark.parametrize("frame", BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
@pytest.mark.parametrize("signed_in", [False, True], ids=["before connect", "after connect"])
def test_a_bad_frame_is_answered_with_a_typed_error_or_a_close(
    site: Site, people: People, raw: Open, bystander: Bystander, frame: str | bytes, signed_in: bool
) -> None:
    socket = raw(site.ws_url)
    if signed_in:
        socket.connect(people[1].access)
    socket.send_frame(frame)

    code = outcome(socket)
    tolerated = {"", "\n\n\n", BAD_FRAMES["ten thousand commands"]}
    allowed = {0} if frame in tolerated else set()
    if len(frame) > FRAME_LIMITS[site.server.program]:
        allowed |= {CLOSED_TOO_BIG, 1006}
    assert code in allowed or 100 <= code <= 112 or 3500 <= code <= 3509, code
    bystander.check()


def test_a_command_before_connect_is_refused(site: Site, people: People, raw: Open, bystander: Bystander) -> None:
    room = people[0].make_room(kind="public")
    socket = raw(site.ws_url)
    socket.send({"id": 1, "subscribe": {"channel": channel(room)}})
    assert socket.close_code() == CLOSED_BAD_REQUEST
    bystander.check()


def test_a_second_connect_is_refused(site: Site, people: People, raw: Open) -> None:
    _, bob, _ = people
    socket = raw(site.ws_url)
    socket.connect(bob.access)
    socket.send({"id": 2, "connect": {"token": bob.access}})
    assert outcome(socket) in (BAD_REQUEST, CLOSED_BAD_REQUEST)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"subscribe": {"channel": "nosuchkind:1"}}, {UNKNOWN_CHANNEL, PERMISSION_DENIED}),
        ({"subscribe": {"channel": "room:not-a-uuid"}}, {PERMISSION_DENIED}),
        ({"subscribe": {"channel": "room:*"}}, {PERMISSION_DENIED, UNKNOWN_CHANNEL, BAD_REQUEST}),
        ({"subscribe": {"channel": "x" * 300}}, {PERMISSION_DENIED, UNKNOWN_CHANNEL, BAD_REQUEST}),
        ({"subscribe": {"channel": ""}}, {PERMISSION_DENIED, UNKNOWN_CHANNEL, BAD_REQUEST, CLOSED_BAD_REQUEST}),
        ({"publish": {"channel": "room:1", "data": {}}}, {PERMISSION_DENIED, METHOD_NOT_FOUND, 108}),
        ({"rpc": {"method": "x", "data": {}}}, {METHOD_NOT_FOUND, 108}),
        ({"nosuchmethod": {}}, {METHOD_NOT_FOUND, BAD_REQUEST, CLOSED_BAD_REQUEST}),
    ],
    ids=["unknown kind", "bad key", "wildcard", "long", "empty", "publish", "rpc", "unknown method"],
)
def test_a_command_that_cannot_be_done_gets_its_error(
    site: Site, people: People, raw: Open, command: dict, code: set[int]
) -> None:
    socket = raw(site.ws_url)
    socket.connect(people[1].access)
    socket.send({"id": 2, **command})
    assert outcome(socket) in code


def test_a_second_subscribe_to_the_same_stream_is_refused(site: Site, people: People, raw: Open) -> None:
    alice, *_ = people
    room = alice.make_room()
    socket = raw(site.ws_url)
    socket.connect(alice.access)
    socket.subscribe(channel(room), id=2)
    assert socket.subscribe(channel(room), id=3)["error"]["code"] == ALREADY


def test_unsubscribing_what_was_never_subscribed_is_harmless(site: Site, people: People, raw: Open) -> None:
    socket = raw(site.ws_url)
    socket.connect(people[1].access)
    socket.send({"id": 2, "unsubscribe": {"channel": "room:never"}})
    assert socket.reply(2) == {"id": 2, "unsubscribe": {}}


# -- tokens -----------------------------------------------------------------------------------------------------------


def forge(token: str, algorithm: str = "HS256", **claims: object) -> str:
    """Returns a token with the same claims, some of them changed, signed with another key."""
    known = jwt.decode(token, options={"verify_signature": False})
    return jwt.encode({**known, **claims}, "x" * 64 if algorithm != "none" else None, algorithm=algorithm)


WRONG_TOKENS: dict[str, Callable[[Person], object]] = {
    "the refresh token": lambda person: person.refresh,
    "garbage": lambda person: "garbage",
    "empty": lambda person: "",
    "three dots": lambda person: "...",
    "no signature": lambda person: person.access.rpartition(".")[0] + ".",
    "algorithm none": lambda person: forge(person.access, "none"),
    "another key": lambda person: forge(person.access),
    "another user": lambda person: forge(person.access, user_id="0" * 32),
    "a header that is no json": lambda person: "ew." + person.access.partition(".")[2],  # "{"
    "long": lambda person: "a" * 20_000,
    "with a NUL": lambda person: person.access + "\0",
    "not ascii": lambda person: "tökén",
}


@pytest.mark.parametrize("make", WRONG_TOKENS.values(), ids=WRONG_TOKENS.keys())
def test_a_wrong_token_is_closed_as_invalid(
    site: Site, people: People, raw: Open, bystander: Bystander, make: Callable[[Person], object]
) -> None:
    socket = raw(site.ws_url)
    socket.send({"id": 1, "connect": {"token": make(people[1])}})
    assert socket.close_code() == CLOSED_INVALID_TOKEN
    bystander.check()


@pytest.mark.parametrize("token", [5, None, [], {}, True], ids=repr)
def test_a_token_that_is_no_string_is_refused(site: Site, raw: Open, token: object) -> None:
    socket = raw(site.ws_url)
    socket.send({"id": 1, "connect": {"token": token}})
    assert outcome(socket) in (BAD_REQUEST, CLOSED_BAD_REQUEST, CLOSED_INVALID_TOKEN)


def test_an_expired_token_gets_its_own_error(site: Site, people: People, raw: Open) -> None:
    """On 109 SDKs fetch a new token. On 3500 they would stay away for good."""
    code = (
        "from rest_framework_simplejwt.tokens import RefreshToken\n"
        "from api.models import User\n"
        f"token = RefreshToken.for_user(User.objects.get(pk='{people[1].id}')).access_token\n"
        "from datetime import timedelta\n"
        "token.set_exp(lifetime=-timedelta(hours=1))\n"
        "print(token)"
    )
    expired = site.shell(code).strip().splitlines()[-1]
    socket = raw(site.ws_url)
    socket.send({"id": 1, "connect": {"token": expired}})
    assert outcome(socket) == TOKEN_EXPIRED


def test_a_token_in_the_url_does_not_sign_in(site: Site, people: People, raw: Open) -> None:
    socket = raw(f"{site.ws_url}?token={people[1].access}")
    socket.send({"id": 1, "connect": {}})
    assert outcome(socket) == CLOSED_INVALID_TOKEN


def test_a_cookie_does_not_sign_in(site: Site, people: People, raw: Open) -> None:
    """Browsers send cookies along from any page. The cookie of this test is good: it opens the admin."""
    code = (
        "from django.conf import settings\n"
        "from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY\n"
        "from django.contrib.sessions.backends.db import SessionStore\n"
        "from api.models import User\n"
        f"user = User.objects.get(pk='{people[1].id}')\n"
        "User.objects.filter(pk=user.pk).update(is_staff=True)\n"
        "session = SessionStore()\n"
        "session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()\n"
        "session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]\n"
        "session.save()\n"
        "print(session.session_key)"
    )
    cookie = {"Cookie": f"sessionid={site.shell(code).strip().splitlines()[-1]}"}
    assert people[1].send("GET", "/admin/", signed=False, headers=cookie).status_code == 200
    for token in ({}, {"token": ""}):
        socket = raw(site.ws_url, additional_headers=cookie)
        socket.send({"id": 1, "connect": token})
        assert outcome(socket) == CLOSED_INVALID_TOKEN
    assert people[1].send("GET", "me/", signed=False, headers=cookie).status_code == 401


def test_a_token_in_the_authorization_header_signs_in(site: Site, people: People, raw: Open) -> None:
    headers = {"Authorization": f"Bearer {people[1].access}"}
    socket = raw(site.ws_url, additional_headers=headers)
    socket.send({"id": 1, "connect": {}})
    assert "connect" in socket.reply(1)


def test_a_refresh_with_another_persons_token_is_refused(site: Site, people: People, raw: Open) -> None:
    _, bob, charlie = people
    socket = raw(site.ws_url)
    socket.connect(bob.access)
    socket.send({"id": 2, "refresh": {"token": charlie.access}})
    assert outcome(socket) in (CLOSED_INVALID_TOKEN, 3503, 3507, PERMISSION_DENIED)
