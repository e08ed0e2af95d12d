"""The figures by which operators learn that webhooks are late, disabled, or that nothing works on them."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client import REGISTRY

from tests.tidewire.webhooks.desk import pass_time
from tests.tidewire.webhooks.receiver import Say
from tidewire.diagnosis.doctor.upkeep import look_at_upkeep
from tidewire.log.database import log_alias
from tidewire.log.tables import Event
from tidewire.webhooks import lag
from tidewire.webhooks.tables import WebhookEndpoint

pytestmark = pytest.mark.django_db(transaction=True)


def figure(name: str, **labels: str) -> Any:
    lag.measure_webhooks(log_alias())
    return REGISTRY.get_sample_value(f"tidewire_webhook_{name}", labels)


def an_hour_passes() -> None:
    pass_time()
    for event in Event.objects.all():
        Event.objects.filter(pk=event.pk).update(at=event.at.replace(year=event.at.year - 1))


def test_nothing_waits(make_endpoint, stream, write, desk):
    make_endpoint(streams=[stream])
    write("one")
    desk.deliver()
    assert figure("idle_seconds") == figure("lag_seconds") == figure("positions_behind") == 0
    assert figure("endpoints", state="active", reason="none") == 1
    assert figure("endpoints", state="disabled", reason="failing") == 0


def test_no_worker_runs(make_endpoint, stream, write, desk):
    make_endpoint(streams=[stream])
    write("one")
    an_hour_passes()
    assert figure("positions_behind") == 1
    assert figure("idle_seconds") > 3000
    assert figure("lag_seconds") > 3000
    desk.turn()  # a worker has it now
    assert figure("idle_seconds") == 0
    assert figure("lag_seconds") > 3000


def test_a_receiver_that_fails_is_late_and_not_left_alone(make_endpoint, stream, write, desk, receiver):
    make_endpoint(streams=[stream])
    receiver.answer = lambda got: Say(500)
    write("one")
    desk.deliver()
    an_hour_passes()
    assert figure("lag_seconds") > 3000
    assert figure("idle_seconds") == 0


def test_disabled_webhooks_are_counted_by_reason(make_endpoint, stream, write, desk, receiver):
    make_endpoint(streams=[stream])
    receiver.answer = lambda got: Say(410)
    write("one")
    desk.deliver()
    assert WebhookEndpoint.objects.get().state == "disabled"
    assert figure("endpoints", state="disabled", reason="gone") == 1
    assert figure("endpoints", state="active", reason="none") == 0


def found_by_the_doctor() -> list[tuple[str, str]]:
    return [(found.level, found.text) for found in look_at_upkeep() if found.subject == "webhooks"]


def test_the_doctor_says_that_no_worker_runs(make_endpoint, stream, write, desk):
    assert found_by_the_doctor() == []
    make_endpoint(streams=[stream])
    assert found_by_the_doctor() == [("ok", "0 streams wait, the oldest event since 0 s")]
    write("one")
    an_hour_passes()
    ((level, text),) = found_by_the_doctor()
    assert (level, text.partition(",")[0], text.rpartition(": ")[2]) == ("error", "1 streams wait", "no worker runs")


def test_the_doctor_says_that_secrets_are_lost(make_endpoint, stream):
    make_endpoint(streams=[stream])
    WebhookEndpoint.objects.update(state="disabled", disabled_reason=WebhookEndpoint.Reason.SECRET_LOST)
    ((level, text),) = found_by_the_doctor()
    assert (level, text.partition(":")[0]) == ("error", "1 are disabled")
