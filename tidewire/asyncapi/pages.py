"""The views of the socket's documentation: the AsyncAPI document, a page that shows it with a console, and codes.

The page loads nothing from other hosts and runs no inline script, so it works offline and under a strict policy. The
console shows what is in the log, so in production the page is for staff only. All of them are constant answers: made
once per process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tidewire.asyncapi import document
from tidewire.asyncapi.document import ADDRESS
from tidewire.asyncapi.reference import reference
from tidewire.http.constant_answers import ConstantAnswer
from tidewire.protocol import codes
from tidewire.protocol.codes import Code

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


HTML = "text/html; charset=utf-8"

_yaml = ConstantAnswer(lambda: document.to_yaml(document.document()), "application/yaml; charset=utf-8")
_json = ConstantAnswer(lambda: document.to_json(document.document()), "application/json")


@require_safe
def as_yaml(request: HttpRequest) -> HttpResponse:
    return _yaml.respond(request)


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    return _json.respond(request)


@require_safe
@never_cache
def page(request: HttpRequest, sign_in: str = "", renew: str = "", lists: dict[str, str] | None = None) -> HttpResponse:
    """Shows the reference and the console.

    `sign_in` is the address that takes {email, password} and returns {access, refresh}; `renew` takes {refresh} and
    returns the next pair. `lists` is {stream kind: address of the REST list whose items have such streams}.
    """
    view = _page_for_staff if getattr(settings, "IS_PRODUCTION", not settings.DEBUG) else _page
    return view(request, sign_in, renew, json.dumps(lists or {}))


def _page(request: HttpRequest, sign_in: str, renew: str, lists: str) -> HttpResponse:
    return _with_policy(request, _console(sign_in, renew, lists))


@cache  # the addresses stand in the project's urls.py
def _console(sign_in: str, renew: str, lists: str) -> ConstantAnswer:
    addresses = {"socket": ADDRESS, "sign_in": sign_in, "renew": renew, "lists": lists}
    return _rendered("tidewire/asyncapi.html", lambda: reference() | addresses)


_page_for_staff = staff_member_required(_page)


EFFECTS: dict[type, Callable[[Code], str]] = {
    codes.ErrorCode: lambda code: "tries again" if code.temporary else "reports the error to the application",
    codes.Unsubscribe: lambda code: "subscribes again" if codes.subscribes_again(code) else "does not subscribe again",
    codes.Disconnect: lambda code: "connects again" if codes.connects_again(code) else "does not connect again",
}
"""{table of codes: what an SDK does after one of them}."""


@require_safe
def codes_page(request: HttpRequest) -> HttpResponse:
    """Lists all codes of the protocol."""
    rows = [(f"{code.code}/", str(code.code), code.reason) for table in EFFECTS for code in codes.rows(table)]
    return text_page(request, "Codes of the socket", [], rows)


@require_safe
def code_page(request: HttpRequest, number: int) -> HttpResponse:
    """Shows what one code means, and what an SDK does."""
    for table, effect in EFFECTS.items():
        for code in codes.rows(table):
            if code.code == number:
                paragraphs = [("Reason", code.reason), ("Meaning", code.meaning), ("What an SDK does", effect(code))]
                return text_page(request, str(number), paragraphs)
    raise Http404


def text_page(
    request: HttpRequest,
    title: str,
    paragraphs: Iterable[tuple[str, str]],
    rows: Iterable[tuple[str, str, str]] = (),
) -> HttpResponse:
    """Answers a small page of the reference: paragraphs of (name, text), or a table of (address, name, text).

    The page is kept for as long as the process runs, so its content must come from the code and not from the request.
    """
    return _with_policy(request, _text_page(title, tuple(paragraphs), tuple(rows)))


@cache
def _text_page(title: str, paragraphs: tuple[Any, ...], rows: tuple[Any, ...]) -> ConstantAnswer:
    return _rendered("tidewire/page.html", lambda: {"title": title, "paragraphs": paragraphs, "rows": rows})


def _rendered(template: str, context: Callable[[], dict[str, Any]]) -> ConstantAnswer:
    return ConstantAnswer(lambda: render_to_string(template, context()), HTML)


def _with_policy(request: HttpRequest, answer: ConstantAnswer) -> HttpResponse:
    response = answer.respond(request)
    response["Content-Security-Policy"] = POLICY.format(host=request.get_host())
    return response
