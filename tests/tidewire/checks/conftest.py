"""The checks of other declarations than the product's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tidewire.rest import prepared_pages


@pytest.fixture(autouse=True)
def _no_tagged_lists() -> Iterator[None]:
    """Takes the product's lists away: their models are not declared in these tests."""
    kept = list(prepared_pages.TAGGED)
    prepared_pages.TAGGED.clear()
    yield
    prepared_pages.TAGGED[:] = kept
