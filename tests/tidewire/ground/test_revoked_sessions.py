"""Which revoked sessions are remembered, and for how long."""

from tidewire.ground import revoked_sessions
from tidewire.ground.revoked_sessions import RevokedSessions, remember_seconds, sessions_of


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
    clock.now = remember_seconds() + 1.0
    revoked.add(["new"])
    assert [id in revoked for id in ("old", "young", "new", None)] == [False, True, True, False]
    assert len(revoked) == 2


def test_a_session_that_is_revoked_again_is_remembered_anew(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(revoked_sessions, "time", clock)
    revoked = RevokedSessions()
    revoked.add(["again"])
    revoked.add(["once"])
    clock.now = remember_seconds()
    revoked.add(["again"])
    clock.now = remember_seconds() + 1.0
    revoked.add([])
    assert "again" in revoked
    assert "once" not in revoked


def test_a_session_is_remembered_for_as_long_as_its_tokens_live(monkeypatch, settings):
    clock = Clock()
    monkeypatch.setattr(revoked_sessions, "time", clock)
    settings.TIDEWIRE = {**settings.TIDEWIRE, "TOKEN_SECONDS": 86400.0}
    revoked = RevokedSessions()
    revoked.add(["ended"])
    clock.now = 86400.0
    revoked.add(["another"])
    assert "ended" in revoked


def test_an_event_names_the_sessions_that_it_ends():
    assert sessions_of('{"type": "sessions.revoked", "data": {"user": "u", "sessions": ["a", "b"]}}') == ["a", "b"]


def test_unknown_events_of_the_revocation_log_end_no_session():
    assert sessions_of('{"type": "something.newer", "data": {}}') == []
