"""Secrets are hidden by their name, by their form, and literally where they are secrets of the settings."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog

from backend.hiding import HIDDEN, _secrets_of_settings, hidden, without_secrets
from backend.logs import JsonLines

FORMS = {
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw": HIDDEN,
    "postgres://app:hunter2@db/x": f"postgres://{HIDDEN}@db/x",
    "rediss://:p%40ss@[::1]:6379/0": f"rediss://{HIDDEN}@[::1]:6379/0",
    "pbkdf2_sha256$600000$salt$aGFzaA==": HIDDEN,
    "argon2$argon2id$v=19$m=1,t=2,p=8$c2FsdA$aGFzaA": HIDDEN,
    "Cookie: sessionid=abc; csrftoken=def": f"Cookie:{HIDDEN}",
    "authorization: Token abc": f"authorization:{HIDDEN}",
    "[(b'cookie', b'sessionid=abc'), (b'accept', b'*')]": f"[(b'cookie', b'sessionid={HIDDEN}'), (b'accept', b'*')]",
    "{'password': 'a b', 'name': 'Bob'}": f"{{'password': {HIDDEN}, 'name': 'Bob'}}",
    '{"refresh": "abc", "client_secret":"d"}': f'{{"refresh": {HIDDEN}, "client_secret":{HIDDEN}}}',
    "user=bob password=hunter2 host=db": f"user=bob password={HIDDEN} host=db",
    'invalid input syntax for type uuid: "a body"': f"invalid input syntax for type uuid {HIDDEN}",
    'value "99999999999" is out of range for type integer': f"value {HIDDEN} is out of range for type integer",
    "duplicate key\nDETAIL:  Key (email)=(a@b.c)": f"duplicate key\nDETAIL {HIDDEN}",
    "bad\nLINE 1: SELECT 'a body'\n               ^": f"bad\nLINE 1 {HIDDEN}\n               ^",
    "UniqueViolation('duplicate\\nDETAIL:  Key (name)=(x)')": f"UniqueViolation('duplicate\\nDETAIL {HIDDEN}",
}


@pytest.mark.parametrize("text", FORMS)
def test_what_has_the_form_of_a_secret_is_hidden(text: str) -> None:
    assert without_secrets(text) == FORMS[text]


@pytest.mark.parametrize(
    "text",
    [
        "POST api/v1/token/refresh/ 200",
        "Invalid HTTP_HOST header: 'x.example'. You may need to add 'x.example' to ALLOWED_HOSTS.",
        "token_not_valid",
        "reload refused: a new worker ended with status 1",
        "https://example.com/a@b?c=d",
        "ValueError: the password is too short",
        "SECRET_KEY is missing",
    ],
)
def test_other_texts_stay(text: str) -> None:
    assert without_secrets(text) == text


@pytest.mark.parametrize(
    "name", ["password", "new_password", "token", "API_KEY", "Authorization", "Set-Cookie", "body"]
)
def test_a_field_with_the_name_of_a_secret_has_no_value(name: str) -> None:
    found = hidden({"a": [{name: "x", "user": "bob"}], name: {"deep": "x"}})
    assert found == {"a": [{name: HIDDEN, "user": "bob"}], name: HIDDEN}


def test_numbers_and_empty_values_are_no_secrets() -> None:
    assert hidden({"tokens": 3, "password": "", "token": None}) == {"tokens": 3, "password": "", "token": None}


def test_secrets_of_the_settings_are_hidden_wherever_they_stand(settings: Any) -> None:
    settings.SECRET_KEY = "the-secret-key-itself"
    settings.SECRET_KEY_FALLBACKS = ["the-one-before-it"]
    settings.TIDEWIRE = {**settings.TIDEWIRE, "METRICS_TOKEN": "for-the-metrics", "MQTT_PASSWORD": "of-the-bridge-1"}
    settings.REDIS_URL = "redis://:of%40the-layer@127.0.0.1/0"
    settings.ANY = {"HOST": "chat.example.com", "PASSWORD": "of-the-database", "TOKEN_SERIALIZER": "a.dotted.path"}
    _secrets_of_settings.cache_clear()
    try:
        secrets = (
            "the-secret-key-itself, the-one-before-it; for-the-metrics of-the-bridge-1 of-the-database of@the-layer"
        )
        assert without_secrets(secrets) == f"{HIDDEN}, {HIDDEN}; {HIDDEN} {HIDDEN} {HIDDEN} {HIDDEN}"
        assert without_secrets("a.dotted.path of chat.example.com") == "a.dotted.path of chat.example.com"
    finally:
        _secrets_of_settings.cache_clear()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    formatter = JsonLines()
    return lambda: [json.loads(formatter.format(record)) for record in caplog.records]


def test_a_line_of_structlog_is_one_of_logging(lines: Any) -> None:
    structlog.get_logger("mine").bind(token="abc").warning("%s went wrong", "it", user="bob", headers={"Cookie": "x"})
    structlog.get_logger("mine").debug("not at this level")
    (line,) = lines()
    assert line.pop("timestamp")
    assert line == {
        "event": "it went wrong",
        "level": "warning",
        "logger": "mine",
        "user": "bob",
        "token": HIDDEN,
        "headers": {"Cookie": HIDDEN},
    }


def test_a_traceback_of_either_shows_no_values_of_a_row(lines: Any) -> None:
    try:
        raise RuntimeError("duplicate key\nDETAIL:  Key (email)=(alice@example.com) already exists.")
    except RuntimeError:
        logging.getLogger("theirs").exception("failed")
        structlog.get_logger("mine").exception("failed")
    assert [line["logger"] for line in lines()] == ["theirs", "mine"]
    for line in lines():
        assert "RuntimeError: duplicate key" in line["exception"]
        assert "alice@" not in json.dumps(line)
