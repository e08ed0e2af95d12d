"""`manage.py doctor` says whether the bridge keeps up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_dashboard, make_metric, make_user
from tidewire.diagnosis.doctor.upkeep import look_at_upkeep
from tidewire.models import Event
from tidewire.mqtt import reading

pytestmark = pytest.mark.django_db(transaction=True)


def lines() -> list[tuple[str, str]]:
    return [(found.level, found.text) for found in look_at_upkeep() if found.subject == "mqtt"]


def test_a_bridge_that_is_behind_is_named():
    dashboard = make_dashboard(make_user("Alice"))
    assert lines() == []
    reading.begin()
    assert lines() == [("ok", "the broker has all events")]
    metric = make_metric(dashboard, key="warmth")
    event = Event.objects.get(type="metric.created", object=f"api.metric:{metric.pk}")
    old = (timezone.now() - timedelta(hours=1)).isoformat()
    payload = event.payload.replace(event.payload.partition('"at":"')[2].partition('"')[0], old, 1)
    Event.objects.filter(pk=event.pk).update(payload=payload)
    ((level, text),) = lines()
    assert (level, text.partition(",")[0]) == ("warning", "1 streams wait for the bridge")
