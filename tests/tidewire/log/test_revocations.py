"""What a process knows of revoked sessions without asking the database, and when it does not know."""

import time
import uuid

import pytest

from tidewire.ground.recorded_event import RecordedEvent
from tidewire.ground.revoked_sessions import remember_seconds
from tidewire.ground.streams import REVOCATIONS
from tidewire.log import revocations


class Follower:
    """Stands in for a hub: it knows these ended sessions."""

    def __init__(self, ended: set[str]) -> None:
        self.is_current, self._ended = True, ended

    def has_ended(self, session_id: str | None) -> bool:
        return session_id in self._ended


@pytest.fixture
def follower():
    follower = Follower({"ended"})
    revocations.attach(follower)
    yield follower
    revocations.detach(follower)


def test_a_process_that_follows_the_revocation_log_knows(follower):
    assert revocations.is_alive("other", time.time()) is True
    assert revocations.is_alive("ended", time.time()) is False


def test_a_process_that_does_not_follow_it_does_not_know():
    assert revocations.is_alive("other", time.time()) is None


def test_a_process_that_lost_the_log_does_not_know(follower):
    follower.is_current = False
    assert revocations.is_alive("other", time.time()) is None


def test_an_old_token_may_have_outlived_what_is_remembered(follower):
    assert revocations.is_alive("other", time.time() - remember_seconds()) is None
    assert revocations.is_alive("other", 0.0) is None


@pytest.mark.parametrize("is_following", [True, False])
def test_a_session_that_this_process_revoked_is_known_at_once(is_following, request):
    if is_following:
        request.getfixturevalue("follower")
    payload = '{"type": "sessions.revoked", "data": {"user": "u", "sessions": ["%s"]}}' % (mine := str(uuid.uuid4()))
    fields = {"epoch": "e", "offset": 1, "id": None, "object": "", "ends_access": "", "revocation_offset": 0}
    revocations.remember_committed([RecordedEvent(stream="room:x", type="sessions.revoked", payload=payload, **fields)])
    assert revocations.is_alive(mine, time.time()) is not False
    event = RecordedEvent(stream=REVOCATIONS, type="sessions.revoked", payload=payload, **fields)
    revocations.remember_committed([event])
    assert revocations.is_alive(mine, time.time()) is False
