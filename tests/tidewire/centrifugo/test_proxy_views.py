"""What nodes of Centrifugo ask: only nodes get an answer, and only a key signs in without a token.

Subscribing needs Centrifugo's own tables: tests/centrifugo runs it with real nodes, in `make verify`.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from api.auth import tokens
from api.auth.sessions import sign_in_as
from api.models import Key
from tests.factories import make_user
from tidewire.centrifugo.configuration import Keys, configuration, origins
from tidewire.centrifugo.proxy_views import HEADER
from tidewire.declare.registry import registry

SECRET = "the secret of the nodes"
PATHS = ("connect", "subscribe", "sub_refresh", "publish")

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nodes(settings: Any) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "CENTRIFUGO_SECRET": SECRET}


def ask(name: str, body: Any, secret: str = SECRET) -> Any:
    return Client().post(f"/centrifugo/{name}/", body, content_type="application/json", headers={HEADER: secret})


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("secret", ["", "another", "thé secret"])
def test_others_than_nodes_find_nothing(name: str, secret: str) -> None:
    assert ask(name, {}, secret).status_code == 404
    assert Client().get(f"/centrifugo/{name}/", headers={HEADER: secret}).status_code == 404


@pytest.mark.parametrize("name", PATHS)
def test_a_node_that_reads_finds_nothing(name: str) -> None:
    answer = Client().get(f"/centrifugo/{name}/", headers={HEADER: SECRET})
    assert (answer.status_code, answer["content-type"]) == (404, "application/problem+json")


@pytest.mark.parametrize("name", PATHS)
def test_without_a_secret_in_the_settings_there_are_no_nodes(name: str, settings: Any) -> None:
    settings.TIDEWIRE = {**settings.TIDEWIRE, "CENTRIFUGO_SECRET": ""}
    assert ask(name, {}, "").status_code == 404


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("body", ["[]", "{", "null", '{"client": 1}', '{"channel": null}', "[" * 100_000])
def test_a_question_of_another_shape_is_refused(name: str, body: str) -> None:
    answer = ask(name, body)
    assert answer.status_code == 200
    refused = answer.json()
    assert "error" in refused or "disconnect" in refused or refused["result"] == {"expired": True}


def test_a_key_signs_in() -> None:
    user = make_user()
    key = Key.objects.issue(user, made_by=user, name="x", scopes=["streams:read"])
    answer = ask("connect", {"client": "c", "data": {"key": key.text}}).json()
    assert answer["result"]["user"] == str(key.user_id)
    assert answer["result"]["meta"] == {"sid": str(key.pk), "kind": "key"}


@pytest.mark.parametrize("data", [None, {}, {"key": None}, {"key": "tw_unknown"}, {"key": ["a"]}, "text"])
def test_anything_else_does_not(data: Any) -> None:
    assert ask("connect", {"client": "c", "data": data}).json()["disconnect"]["code"] == 3500


def test_only_access_tokens_name_their_user_to_nodes(settings: Any) -> None:
    settings.HAS_CENTRIFUGO = True
    user = make_user()
    pair = sign_in_as(user)
    assert tokens._read(tokens.AccessToken, pair["access"])["sub"] == str(user.pk)
    assert "sub" not in tokens._read(tokens.RefreshToken, pair["refresh"])


def test_pages_of_our_hosts_may_open_sockets_at_nodes() -> None:
    """A node allows no page that is not listed, also none of its own host."""
    assert origins(["example.com"], ["https://app.example.org"]) == [
        "https://app.example.org",
        "http://example.com",
        "http://example.com:*",
        "https://example.com",
        "https://example.com:*",
    ]
    assert {"https://example.com", "https://*.example.com"} <= set(origins([".example.com"], []))
    assert r"http://\[::1\]:*" in origins(["[::1]"], [])
    assert origins(["*"], ["https://app.example.org"]) == ["*"]


def test_a_node_knows_each_kind_and_lets_no_client_publish() -> None:
    found = configuration("http://django", "postgres://database", Keys("key"), 8001)
    spaces = found["channel"]["namespaces"]
    assert {space["name"] for space in spaces} == set(registry.kinds)
    assert not any(name.startswith("allow_publish") for space in spaces for name in space)
    assert found["broker"]["postgres"]["num_shards"] == 1
    assert found["client"]["disallow_anonymous_connection_tokens"]
