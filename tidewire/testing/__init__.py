"""Public: for tests of live models.

Events are recorded just before COMMIT, and Django's TestCase never commits. So:

  recording.py      record_now, events_of, EventLog: records the changes of a test without committing, reads the log
  cases.py          LiveTestMixin, for Django's TestCase and TransactionTestCase
  sockets.py        SocketClient: a client that connects and subscribes through the project's ASGI application

`tidewire/pytest_plugin.py` has the fixtures `event_log` and `connect_socket`, which pytest finds by itself.
"""

from tidewire.testing.cases import LiveTestMixin
from tidewire.testing.recording import EventLog, LoggedEvent, events_of, record_now
from tidewire.testing.sockets import SocketClient, SocketError

__all__ = ["EventLog", "LiveTestMixin", "LoggedEvent", "SocketClient", "SocketError", "events_of", "record_now"]
