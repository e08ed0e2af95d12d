"""A mixin for Django's test cases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from unittest import TestResult

from tidewire.testing.recording import EventLog, Expected, LoggedEvent, events_of, record_everywhere

if TYPE_CHECKING:
    from django.test import SimpleTestCase as _TestCase  # or a subclass: TestCase, TransactionTestCase
else:
    _TestCase = object


class LiveTestMixin(_TestCase):
    """Records the changes of each test without committing, and asserts on their events.

        class ParcelTest(LiveTestMixin, TestCase):
            def test_a_parcel_is_taken(self):
                Parcel.objects.create(label="Books")
                self.assert_events([("parcel.taken", {"label": "Books"})])

    What is left at the end of a test is recorded, too: a serializer that raises fails the test, as it would fail the
    request. What `setUpTestData` writes is recorded before the first test.
    """

    event_log: EventLog

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        record_everywhere()

    def run(self, result: TestResult | None = None) -> TestResult | None:
        """Runs the test, between the start and the rollback of its transaction."""
        self.event_log = EventLog()
        self.addCleanup(self.event_log.finish)  # a cleanup, because a `setUp` or `tearDown` need not call its parent's
        return super().run(result)

    def new_events(self, stream: str | None = None) -> list[LoggedEvent]:
        """Returns the events since the last call of this or of `assert_events`, or since the start of the test."""
        return self.event_log.new_events(stream)

    def assert_events(self, expected: Sequence[Expected], stream: str | None = None) -> list[LoggedEvent]:
        """Compares the new events with what is expected: types, or types with members of `data`. Returns them."""
        return self.event_log.assert_events(expected, stream)

    def events_of(self, stream: str) -> list[LoggedEvent]:
        """Returns all events of a stream."""
        return events_of(stream)
