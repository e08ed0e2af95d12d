"""Public: pytest's fixtures. pytest finds this module through the entry point of the package, without configuration.

It is imported before Django's settings are known, so it imports the testing kit only where a fixture is used.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tidewire.testing.recording import EventLog
    from tidewire.testing.sockets import SocketClient

__all__ = ["connect_socket", "event_log"]


@pytest.fixture
def event_log(db: None) -> Iterator[EventLog]:
    """The events of the test: `event_log.assert_events([…])`, `event_log.new_events()`.

    Uses pytest-django's `db`. At the end of the test what is left is recorded, so a serializer that raises fails it.
    """
    from tidewire.testing.recording import EventLog  # see above

    log = EventLog()
    yield log
    log.finish()


@pytest.fixture
def connect_socket(transactional_db: None) -> type[SocketClient]:
    """`async with connect_socket(token) as socket: …`; see SocketClient.

    Uses `transactional_db`: an asynchronous test runs in another thread than the one that `db` has opened its
    transaction in.
    """
    from tidewire.testing.sockets import SocketClient  # see above

    return SocketClient
