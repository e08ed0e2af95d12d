"""Which revoked sessions are remembered, and for how long."""

from tidewire.ground import revoked_sessions
from tidewire.ground.revoked_sessions import REMEMBER_SECONDS, RevokedSessions, sessions_of


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_sessions_that_were_revoked_long_ago_are_forgotten(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(revoked_sessions, "time", clock)
    revoked = RevokedSessions()
    revoked.add(["old"])
    clock.now = 2.0
    revoked.add(["young"])
    clock.now = REMEMBER_SECONDS + 1.0
    revoked.add(["new"])
    assert [id in revoked for id in ("old", "young", "new", None)] == [False, True, True, False]
    assert len(revoked) == 2


def test_a_session_that_is_revoked_again_is_remembered_anew(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(revoked_sessions, "time", clock)
    revoked = RevokedSessions()
    revoked.add(["again"])
    revoked.add(["once"])
    clock.now = REMEMBER_SECONDS
    revoked.add(["again"])
    clock.now = REMEMBER_SECONDS + 1.0
    revoked.add([])
    assert "again" in revoked
    assert "once" not in revoked


def test_an_event_names_the_sessions_that_it_ends():
    assert sessions_of('{"type": "sessions.revoked", "data": {"user": "u", "sessions": ["a", "b"]}}') == ["a", "b"]


def test_unknown_events_of_the_revocation_log_end_no_session():
    assert sessions_of('{"type": "something.newer", "data": {}}') == []
