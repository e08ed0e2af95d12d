"""The views of the socket's documentation: the AsyncAPI document, a page that shows it with a console, and codes.

The page loads nothing from other hosts and runs no inline script, so it works offline and under a strict policy. The
console shows what is in the log, so in production the page is for staff only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tidewire.asyncapi import document
from tidewire.asyncapi.document import ADDRESS
from tidewire.asyncapi.reference import reference
from tidewire.protocol import codes
from tidewire.protocol.codes import Code

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host} wss://{host}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@require_safe
def as_yaml(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document.to_yaml(document.document()), content_type="application/yaml; charset=utf-8")


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    return HttpResponse(document.to_json(document.document()), content_type="application/json")


@require_safe
@never_cache
def page(request: HttpRequest, sign_in: str = "", renew: str = "", lists: dict[str, str] | None = None) -> HttpResponse:
    """Shows the reference and the console.

    `sign_in` is the address that takes {email, password} and returns {access, refresh}; `renew` takes {refresh} and
    returns the next pair. `lists` is {stream kind: address of the REST list whose items have such streams}.
    """
    view = _page_for_staff if getattr(settings, "IS_PRODUCTION", not settings.DEBUG) else _page
    return view(request, {"sign_in": sign_in, "renew": renew, "lists": json.dumps(lists or {})})


def _page(request: HttpRequest, addresses: dict[str, str]) -> HttpResponse:
    response = render(request, "tidewire/asyncapi.html", reference() | {"socket": ADDRESS} | addresses)
    response["Content-Security-Policy"] = POLICY.format(host=request.get_host())
    return response


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
    """Renders a small page of the reference: paragraphs of (name, text), or a table of (address, name, text)."""
    response = render(request, "tidewire/page.html", {"title": title, "paragraphs": paragraphs, "rows": rows})
    response["Content-Security-Policy"] = POLICY.format(host=request.get_host())
    return response
