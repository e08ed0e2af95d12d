"""The JSON renderer writes the same as DRF's."""

import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail
from rest_framework.renderers import JSONRenderer
from rest_framework.utils.serializer_helpers import ReturnDict

from tidewire.rest.media import QuickJSONRenderer

VALUES = [
    None,
    {"a": [1, 2.5, True, None, 'ä\u2028"<&>']},
    ReturnDict({"id": UUID(int=7)}, serializer=None),
    {"at": datetime(2026, 1, 2, 3, 4, 5, 678900, UTC)},
    {"lazy": gettext_lazy("text")},
    {"errors": [ErrorDetail("text", "code")]},
    {"n": 2**60},
    ("a", ["b"]),
]


@pytest.mark.parametrize("value", VALUES, ids=str)
def test_it_writes_what_drf_writes(value):
    ours, theirs = (renderer().render(value) for renderer in (QuickJSONRenderer, JSONRenderer))
    assert (ours == b"") == (theirs == b"")
    assert json.loads(ours or b"null") == json.loads(theirs or b"null")
