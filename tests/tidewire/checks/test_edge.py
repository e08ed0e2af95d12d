"""Start-up refuses settings with which no node of Centrifugo could be called, or could ask."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import checks

from tidewire.declare.kinds import StreamKind
from tidewire.declare.registry import registry

GOOD = {
    "CENTRIFUGO_NODES": ["http://10.0.0.7:8001/api", "https://[::1]:8001/api"],
    "CENTRIFUGO_API_KEY": "key",
    "CENTRIFUGO_SECRET": "secret",
}


def found(settings: Any, **changes: Any) -> list[tuple[str | None, str]]:
    settings.TIDEWIRE = {**settings.TIDEWIRE, **GOOD, **changes}
    problems = checks.run_checks(tags=["tidewire"])
    assert all(problem.hint for problem in problems)
    return [(problem.id, problem.msg) for problem in problems]


def test_sqlite_has_no_nodes(settings: Any) -> None:
    ((id, text),) = found(settings)
    assert id == "tidewire.E170"
    assert "need PostgreSQL" in text


@pytest.mark.django_db
@pytest.mark.shown_on("postgresql")
class TestOnPostgreSQL:
    def test_good_settings_are_silent(self, settings: Any) -> None:
        assert found(settings) == []

    @pytest.mark.parametrize(
        "address",
        [
            *(
                "10.0.0.7:8001/api",
                "node",
                "ftp://node/api",
                "http://",
                "http://node:port/api",
                "http://node:99999/api",
            ),
            *("", "http:///api", "//node/api", "http://node/api?key=1", None),
        ],
    )
    def test_what_is_no_address(self, settings: Any, address: Any) -> None:
        ((id, text),) = found(settings, CENTRIFUGO_NODES=[*GOOD["CENTRIFUGO_NODES"], address])
        assert id == "tidewire.E170"
        assert repr(address) in text

    @pytest.mark.parametrize("name", ["CENTRIFUGO_API_KEY", "CENTRIFUGO_SECRET", "CENTRIFUGO_IDENTITY"])
    def test_what_nodes_need(self, settings: Any, name: str) -> None:
        ((id, text),) = found(settings, **{name: None})
        assert id == "tidewire.E170"
        assert name in text

    def test_a_function_that_cannot_be_called(self, settings: Any) -> None:
        ((id, text),) = found(settings, CENTRIFUGO_IDENTITY="realtime.credentials.may_ask")
        assert id == "tidewire.E008"
        assert "CENTRIFUGO_IDENTITY" in text

    @pytest.mark.parametrize("prefix", ["", "CF", "cf-x", 'cf"; DROP TABLE x', "1cf", "c" * 40])
    def test_a_prefix_that_names_no_tables(self, settings: Any, prefix: str) -> None:
        ((id, text),) = found(settings, CENTRIFUGO_TABLES=prefix)
        assert id == "tidewire.E170"
        assert "CENTRIFUGO_TABLES" in text

    def test_a_kind_whose_name_no_node_takes(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        kind = StreamKind("x", lambda user, keys: set(), keeps_access=True)
        monkeypatch.setitem(registry.kinds, "x", kind)
        assert "tidewire.E171" in [id for id, _ in found(settings)]
