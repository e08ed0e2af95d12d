"""What every test can count on."""

import inspect

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse async tests that use the database inside a transaction of pytest's.

    The consumer's threads would not see the test's rows, and rows that the test's own threads write would be
    committed for real and leak into later tests. `django_db(transaction=True)` is the only form that works.
    """
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark and inspect.iscoroutinefunction(getattr(item, "obj", None)) and not mark.kwargs.get("transaction"):
            raise pytest.UsageError(f"{item.nodeid}: async database tests need django_db(transaction=True)")
