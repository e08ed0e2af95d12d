"""openapi.yaml is what the code says, and holds one schema for each declared event."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from api.schema.events import event_types
from tests.rig.openapi import PATH, ContractError, check_event, document
from tidewire.asyncapi.event_schemas import component_name
from tidewire.declare.registry import registry


def test_the_committed_file_is_the_generated_one(tmp_path):
    generated = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(generated), validate=True, fail_on_warn=True)
    assert generated.read_text() == PATH.read_text(), "run: python manage.py spectacular --file openapi.yaml"


def test_every_declared_event_has_a_schema_and_no_other_has():
    declared = {type for live in registry.lives for type in event_types(live)}
    declared |= {fact.type for fact in registry.facts}
    any_event = document()["components"]["schemas"]["AnyEvent"]
    assert set(any_event["discriminator"]["mapping"]) == declared
    assert len(any_event["oneOf"]) == len(declared)
    for type in declared:
        schema = document()["components"]["schemas"][component_name(type)]
        assert schema["properties"]["type"]["const"] == type


def test_every_operation_has_a_name_a_description_and_problems():
    names = []
    for operations in document()["paths"].values():
        for operation in operations.values():
            names.append(operation["operationId"])
            assert operation["description"]
            assert operation["responses"]["default"] == {"$ref": "#/components/responses/Problem"}
    assert len(names) == len(set(names))


def test_the_served_document_is_the_committed_one(client):
    response = client.get("/api/schema/")
    assert response.status_code == 200
    assert response.content.decode() == PATH.read_text()


@pytest.mark.parametrize(
    "change",
    [
        {"surprise": 1},
        {"data": {}},
        {"type": "room.sunk"},
        {"actor": {"type": "ghost", "id": None}},
        {"at": "yesterday"},
    ],
    ids=str,
)
def test_an_event_that_is_a_little_off_is_noticed(change):
    event = {
        "type": "room.left",
        "id": "0197a000-0000-7000-8000-000000000000",
        "at": "2026-01-01T00:00:00Z",
        "actor": {"type": "system", "id": None},
        "data": {"id": "0197a000-0000-7000-8000-000000000000"},
    }
    check_event(event)
    with pytest.raises(ContractError):
        check_event(event | change)
