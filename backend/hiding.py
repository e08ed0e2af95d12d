"""Hides secrets in what operators read: log lines, and errors in Sentry.

Hidden is what stands under the name of a secret (`password=…`, a field `token`, a header `Cookie`), what has the form
of one (tokens, keys, hashes, the user of a URL, the values that PostgreSQL's errors repeat), and each secret of the
settings, literally, wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

HIDDEN = "[hidden]"
LEAST_LETTERS = 12
"""Of a secret of the settings: a shorter one may be a word that lines consist of."""

_NAMES = r"pass(?:word|wd|phrase)|secret|token|credentials?|api[_-]?key|sign(?:ing|ature)[_-]?(?:key)?"
_HEADERS = r"(?:proxy-)?authorization|(?:set-)?cookie|x-api-key"

NAME = re.compile(rf"(?i)^(?:[a-z0-9_-]*(?:{_NAMES})|{_HEADERS}|access|refresh|sessionid|csrftoken|body|payload)s?$")
"""Names of fields whose values are never shown."""

FORMS = re.compile(
    r"eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]+){1,4}"  # JSON Web Tokens, and pieces of them
    r"|tw_[a-z]+_[0-9A-Za-z]{16,}(?:_[0-9A-Za-z]*)?"  # API keys
    r"|whsec_[A-Za-z0-9+/]{8,}=*"  # secrets of webhooks
    r"|(?i:bearer)(?:\s|%20|\+)+[^\s\"',;&]+|Basic [A-Za-z0-9+/]{8,}=*"
    r"|\b(?:pbkdf2|argon2|bcrypt|scrypt|md5)\w*\$[^\s\"']+"  # hashes of passwords
    r"|(?<=://)[^\s/?#\"'<>]*(?=@)"  # user and password of a URL
)
ASSIGNED = re.compile(
    rf"(?i)\b((?:{_HEADERS})[\"']?\s*[:=])[^\n]+"
    rf"|((?:{_NAMES}|sessionid|csrftoken|(?<=[\"'])(?:refresh|access))s?[\"']?\s*(?:=|(?<=[\"'])\s*:|:\s*(?=[\"']))\s*)"
    r"(?:b?\"[^\"\n]*\"|b?'[^'\n]*'|[^\s\"',;&)}\]]+)"
)
REPEATED = re.compile(
    r"(?m)(^|\\n)(DETAIL|CONTEXT|QUERY|STATEMENT|LINE \d+|Failing row)\b[^\n]*?(?=\\n|$)"
    r"|((?:invalid|malformed|out of range)[^\n\":]*): \"[^\n]*\"|(\bvalue) \"[^\n]*\"(?= is out of range)"
)
"""Parts of PostgreSQL's errors that repeat the values of a row, also in the `repr` of an error."""

SIGNS = re.compile(r"[$=@\"'\\\n]|: |eyJ|tw_|whsec_|(?i:bearer|basic|authorization|cookie)")
"""One of these stands in each text of the forms above. Few texts have any, and this is asked quickly."""


def hidden(value: Any, name: str = "") -> Any:
    """Returns a value as operators may see it. `name` is that of the field that it stands in."""
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    if value and _is_secret(name):
        return HIDDEN
    if isinstance(value, dict):
        return {key: hidden(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [hidden(each) for each in value]
    return without_secrets(value if isinstance(value, str) else repr(value))


@lru_cache(1000)
def _is_secret(name: str) -> bool:
    return NAME.match(name) is not None


def without_secrets(text: str) -> str:
    if SIGNS.search(text):
        text = FORMS.sub(HIDDEN, text)
        text = ASSIGNED.sub(lambda found: f"{found[1] or found[2]}{HIDDEN}", text)
        text = REPEATED.sub(lambda found: f"{found[1] or ''}{found[2] or found[3] or found[4]} {HIDDEN}", text)
    if len(text) >= LEAST_LETTERS and settings.configured:
        for secret in _secrets_of_settings():
            if secret in text:
                text = text.replace(secret, HIDDEN)
    return text


@cache
def _secrets_of_settings() -> list[str]:
    """Returns them with the longest first: one may begin with another."""
    names = [name for name in dir(settings) if name.isupper()]
    found = {secret for name in names for secret in _secrets_in(getattr(settings, name), name)}
    return sorted((each for each in found if len(each) >= LEAST_LETTERS), key=len, reverse=True)


_SETTING = re.compile(r"(?i)(?:secret|password|token|api_key|signing_key|secret_key|dsn)(?:_fallbacks)?$")


def _secrets_in(value: Any, name: str) -> Iterator[str]:
    """Yields the secrets in a setting of this name, and in the settings inside it."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _secrets_in(each, str(key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _secrets_in(each, name)
    elif isinstance(value, str):
        if _SETTING.search(name):
            yield value
        if "://" in value and (password := _password_of(value)):
            yield password
            yield unquote(password)


def _password_of(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None
