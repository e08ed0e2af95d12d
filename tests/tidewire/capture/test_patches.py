"""What Django's methods do for models that are not captured: what they always did, for a call or two more."""

from __future__ import annotations

import inspect
import pickle
import sys
from collections import Counter

import pytest
from django.db.models import QuerySet

from tests.tidewire.deskapp.models import Project, Ticket
from tests.tidewire.liveapp.models import Country
from tidewire.capture import bulk, originals, patches

pytestmark = pytest.mark.django_db(transaction=True)

METHODS = {"update": "update", "bulk_create": "bulk_create", "delete": "delete", "_raw_delete": "raw_delete"}


@pytest.fixture
def _noting_fails(monkeypatch):
    """Makes the noting methods raise: a model that is not captured must not reach them."""

    def fail(*args, **kwargs):
        raise AssertionError("the model is not captured")

    for name in METHODS.values():
        monkeypatch.setattr(bulk, name, fail)
    for name, noting in METHODS.items():
        monkeypatch.setattr(QuerySet, name, patches._dispatching(getattr(originals, noting), fail))


WRITES = {
    "update": lambda: Country.objects.update(name="x"),
    "bulk_create": lambda: Country.objects.bulk_create([Country(code="b")]),
    "bulk_create ignoring": lambda: Country.objects.bulk_create([Country(code="a")], ignore_conflicts=True),
    "bulk_update": lambda: Country.objects.bulk_update(Country.objects.all(), ["name"]),
    "delete": lambda: Country.objects.all().delete(),
    "_raw_delete": lambda: Country.objects.all()._raw_delete("default"),
}


@pytest.mark.usefixtures("_noting_fails")
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_another_models_write_is_djangos_own(write):
    Country.objects.create(code="a")
    write()


@pytest.mark.usefixtures("_noting_fails")
def test_a_live_models_write_is_not():
    """Else the test above would prove nothing."""
    with pytest.raises(AssertionError):
        Ticket.objects.update(title="x")


def test_another_models_class_is_untouched():
    assert "save_base" not in vars(Country)
    assert "delete" not in vars(Country)


def test_installing_again_changes_nothing():
    before = {name: getattr(QuerySet, name) for name in METHODS}
    saving = Ticket.save_base
    patches.install()
    patches.capture(Ticket)
    assert {name: getattr(QuerySet, name) for name in METHODS} == before
    assert Ticket.save_base is saving


def test_methods_keep_what_django_reads_of_them():
    for name, original in METHODS.items():
        method, django = getattr(QuerySet, name), getattr(originals, original)
        assert method is not django
        assert inspect.signature(method) == inspect.signature(django)
        assert vars(method).items() >= vars(django).items()  # `alters_data`, `queryset_only`
    assert not hasattr(Ticket.objects, "delete")  # a manager has none


def test_querysets_and_rows_can_be_pickled():
    project = Project.objects.create(name="a")
    Ticket.objects.create(project=project)
    (ticket,) = pickle.loads(pickle.dumps(project.tickets.all()))
    ticket.save()
    assert pickle.loads(pickle.dumps(ticket)).title == ticket.title


def test_an_update_of_another_model_costs_few_calls_more():
    """Counted without a database: both find out at once that a sliced queryset cannot be updated."""
    rows = Country.objects.all()[:1]

    def calls(update) -> int:
        counted = Counter()
        sys.setprofile(lambda frame, event, argument: counted.update([event]))
        try:
            update(rows, name="x")
        except TypeError:
            return counted["call"] + counted["c_call"]
        finally:
            sys.setprofile(None)
        raise AssertionError("a sliced queryset was updated")

    calls(QuerySet.update)  # fills the caches
    assert calls(QuerySet.update) - calls(originals.update) <= 3, (calls(QuerySet.update), calls(originals.update))
