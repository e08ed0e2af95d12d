"""The checks of other declarations than the product's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tidewire.checks import searching
from tidewire.rest import prepared_pages


@pytest.fixture(autouse=True)
def _no_lists_of_the_product(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Takes the product's lists and searches away: their models are not declared in these tests."""
    kept = list(prepared_pages.TAGGED)
    prepared_pages.TAGGED.clear()
    monkeypatch.setattr(searching, "_search_views", lambda patterns: ())
    yield
    prepared_pages.TAGGED[:] = kept
