"""Rules for all tests."""

import inspect

import pytest
from hypothesis import settings

from tests.rig.standby import standby, standby_server  # noqa: F401  fixtures
from tests.rig.verify import IS_VERIFY

# The same examples in every run, so that no change is refused by chance; `make verify` looks for new ones.
settings.register_profile("same examples", derandomize=True, database=None)
if not IS_VERIFY:
    settings.load_profile("same examples")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuses async tests that use the database inside a transaction of pytest's.

    The consumer's threads would not see the rows of the test, and rows that the threads of the test write would be
    committed and stay for later tests. Only `django_db(transaction=True)` works.
    """
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark and inspect.iscoroutinefunction(getattr(item, "obj", None)) and not mark.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: async database tests need django_db(transaction=True)")


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    """Each test begins without wrong passwords and requests of earlier ones."""
    from api.auth.request_counters import counter

    counter.cache_clear()
