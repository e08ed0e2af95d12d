"""A wrong declaration for MQTT is refused, by name and with a hint."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tidewire.liveapp.declarations import boards
from tidewire.checks.topics import check_kind_on_mqtt, check_topic
from tidewire.declare.topics import Topic

SAMPLES = "/api/v1/metrics/{metric_id}/samples/"


@pytest.mark.parametrize(
    ("path", "post", "id"),
    [
        ("other/{metric_id}/samples", SAMPLES, None),
        ("other/+/samples", SAMPLES, "E160"),
        ("keys/{key}/samples", SAMPLES, "E160"),
        ("state/{metric_id}/samples", SAMPLES, "E160"),
        ("streams/{metric_id}", SAMPLES, "E160"),
        ("{metric_id}/samples", SAMPLES, "E160"),
        ("other/{a}/{a}", SAMPLES, "E160"),
        ("other/{id}/samples", SAMPLES, "E161"),
        ("metrics/{metric_id}/samples", SAMPLES, "E162"),
        ("metrics/one/{metric_id}", SAMPLES, "E162"),
        ("other/{metric_id}/samples", "/api/v1/nowhere/{metric_id}/", "E163"),
        ("other/{metric_id}/samples", "/api/v1/metrics/{metric_id}/", "E163"),
    ],
)
def test_a_topic(path, post, id):
    found = list(check_topic(Topic(path, post=post)))
    assert [each.id for each in found] == ([f"tidewire.{id}"] if id else [])
    assert all(each.hint for each in found)


@pytest.mark.parametrize(
    ("values", "ids"),
    [
        ({"is_on_mqtt": True}, []),
        ({"retained": frozenset({"board.lost"})}, ["E164", "E165"]),
        ({"is_on_mqtt": True, "retained": "board.lost"}, ["E165"]),
    ],
)
def test_a_kind(values, ids):
    assert [each.id for each in check_kind_on_mqtt(replace(boards, **values))] == [f"tidewire.{id}" for id in ids]
