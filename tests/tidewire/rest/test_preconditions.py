"""ETag and If-Match are for rows with a version; a column that is called so is none."""

import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from tests.tidewire.deskapp.declarations import AccountSerializer, TicketSerializer
from tests.tidewire.deskapp.models import Account, Ticket
from tidewire.rest.errors import PreconditionFailed
from tidewire.rest.preconditions import VersionMixin


def view_of(serializer_class: type) -> VersionMixin:
    """A view set of these rows, which answers a change that names another version."""
    view = VersionMixin()
    view.serializer_class, view.requires_version = serializer_class, True
    view.request = APIRequestFactory().patch("/", headers={"If-Match": '"7"'})
    return view


def test_a_row_with_a_version():
    view = view_of(AccountSerializer)
    assert view.complete(Response({"version": 3}))["ETag"] == '"3"'
    with pytest.raises(PreconditionFailed):
        view.check_version(Account(version=3))


def test_a_row_with_a_column_of_that_name():
    view = view_of(TicketSerializer)
    assert "ETag" not in view.complete(Response({"version": "1.0"}))
    view.check_version(Ticket(version="1.0"))
