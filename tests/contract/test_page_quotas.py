"""Every address of the server is counted, or is a probe. Documents are made once, however often they are asked for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.settings import spectacular_settings

from api.auth import request_counters
from api.auth.request_counters import MemoryCounter
from api.rest.page_quotas import PROBES

DOCUMENTS = [
    "/api/schema/",
    "/api/schema/?format=json",
    "/api/asyncapi.yaml",
    "/api/asyncapi.json",
    "/api/asyncapi/",
    "/api/asyncapi/codes/",
    "/api/asyncapi/codes/3501/",
    "/api/problems/",
    "/api/problems/throttled/",
]

SAMPLES = {"int": "3501", "path": "x", "str": "x", "slug": "not_found", "id": "00000000-0000-7000-8000-000000000000"}
"""A value for each converter of a route."""

WORDS = {"app_label": "api", "url": "x", "content_type_id": "1", "object_id": "1"}
"""Values for the parameters of routes that are regular expressions."""


def addresses(patterns: Any = None, prefix: str = "") -> list[str]:
    """Returns one path for each route of the project, in the order of its urls.py."""
    found = []
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        assert isinstance(entry, URLPattern | URLResolver)
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += addresses(entry.url_patterns, route)
        else:
            found.append("/" + path_of(route))
    return found


def path_of(route: str) -> str:
    """Fills the parameters of a route: `keys/<id:key_id>/`, or a regular expression such as the admin has."""
    route = re.sub(r"\(\?P<(\w+)>[^)]*\)", lambda match: WORDS[match[1]], route)
    route = re.sub(r"<(?:(\w+):)?\w+>", lambda match: SAMPLES[match[1] or "str"], route)
    return re.sub(r"[\^$]|\\Z", "", route)


@pytest.fixture(autouse=True)
def counter(settings, monkeypatch):
    settings.REQUEST_QUOTAS = {**settings.REQUEST_QUOTAS, "address": 1}
    monkeypatch.setattr(request_counters, "counter", lambda: _counter)
    _counter = MemoryCounter()
    return _counter


def test_the_walk_finds_pages_of_every_part():
    found = addresses()
    assert {"/api/v1/me/", "/api/schema/", "/api/docs/", "/admin/login/", "/healthz", "/"} <= {*found}
    assert len(found) > 80


@pytest.mark.parametrize("path", sorted({*addresses(), "/nowhere", "/api/nowhere", "/api/v1/nowhere/"}))
def test_the_second_request_of_an_address_is_refused(db, path):
    client = Client(REMOTE_ADDR="192.0.2.1", raise_request_exception=False)
    first, second = client.get(path), client.get(path)
    assert first.status_code != 429
    if path in PROBES:
        assert second.status_code == first.status_code
    else:
        assert second.status_code == 429, path
        assert second.json()["violated-policies"] == ["address"]
        assert 0 < int(second["Retry-After"]) <= 60
        assert Client(REMOTE_ADDR="192.0.2.2").get(path).status_code != 429


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_document_has_an_etag_and_is_not_sent_again(client, path):
    first = client.get(path)
    assert (first.status_code, first["ETag"][:1]) == (200, '"')
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(path).content == first.content


def test_the_schema_is_made_once(client):
    """What is registered for making it is not called again."""
    runs = []
    first = client.get("/api/schema/").content
    hooks = spectacular_settings.POSTPROCESSING_HOOKS
    spectacular_settings.POSTPROCESSING_HOOKS = [*hooks, lambda result, **kwargs: (runs.append(1), result)[1]]
    try:
        assert client.get("/api/schema/").content == first
    finally:
        spectacular_settings.POSTPROCESSING_HOOKS = hooks
    assert runs == []


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/vnd.oai.openapi; charset=utf-8"),
        ("text/html,*/*;q=0.8", "application/vnd.oai.openapi; charset=utf-8"),
        ("application/json", "application/vnd.oai.openapi+json"),
        ("application/vnd.oai.openapi+json", "application/vnd.oai.openapi+json"),
    ],
)
def test_the_schema_comes_in_the_form_that_is_asked_for(client, accept, kind):
    response = client.get("/api/schema/", headers={"Accept": accept})
    assert response["Content-Type"] == kind
    assert "Accept" in response["Vary"]
