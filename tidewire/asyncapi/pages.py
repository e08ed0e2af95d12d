"""The socket's documentation: the AsyncAPI document, and one page that shows it and lets people try it.

The page asks no other host for anything and runs no inline script, so it works offline and under a strict policy. Its
console is an inspector of the log: whoever runs the site in production shows it to staff only.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.admin.views.decorators import staff_member_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tidewire.asyncapi import document
from tidewire.asyncapi.document import ADDRESS
from tidewire.asyncapi.frames import KINDS, METHODS
from tidewire.asyncapi.schema_rows import Row, rows
from tidewire.protocol import codes

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
    """`sign_in` is where {email, password} is exchanged for {access, refresh}, `renew` where {refresh} is for the next
    pair; `lists` names, for a kind of stream, the REST list of what a reader may follow."""
    view = _page_for_staff if getattr(settings, "IS_PRODUCTION", not settings.DEBUG) else _page
    return view(request, {"sign_in": sign_in, "renew": renew, "lists": json.dumps(lists or {})})


def _page(request: HttpRequest, doors: dict[str, str]) -> HttpResponse:
    response = render(request, "tidewire/asyncapi.html", reference() | {"socket": ADDRESS} | doors)
    response["Content-Security-Policy"] = POLICY.format(host=request.get_host())
    return response


_page_for_staff = staff_member_required(_page)


@require_safe
def codes_page(request: HttpRequest) -> HttpResponse:
    """All codes of the protocol."""
    found = [(f"{code.code}/", code.code, code.reason) for table in TABLES for code in codes.rows(table)]
    return text_page(request, "Codes of the socket", [], found)


@require_safe
def code_page(request: HttpRequest, number: int) -> HttpResponse:
    """One code of the protocol: what it means, and what an SDK does."""
    for table, effect in TABLES.items():
        for code in codes.rows(table):
            if code.code == number:
                said = [("Reason", code.reason), ("It means", code.meaning), ("What an SDK does", effect(code))]
                return text_page(request, str(number), said)
    raise Http404


def text_page(request: HttpRequest, title: str, said: list[tuple[str, str]], rows: Any = ()) -> HttpResponse:
    """A page of the reference: what is said of one thing, or (address, name, text) of many."""
    response = render(request, "tidewire/page.html", {"title": title, "said": said, "rows": rows})
    response["Content-Security-Policy"] = POLICY.format(host=request.get_host())
    return response


TABLES = {
    codes.ErrorCode: lambda code: "tries again" if code.temporary else "tells the application",
    codes.Unsubscribe: lambda code: "subscribes again" if codes.subscribes_again(code) else "stays away",
    codes.Disconnect: lambda code: "connects again" if codes.connects_again(code) else "stays away",
}


@cache
def reference() -> dict[str, Any]:
    """The document, arranged as the page shows it."""
    shown = document.document()
    return {
        "title": shown["info"]["title"],
        "introduction": shown["info"]["description"].split("\n\n"),
        "envelope": [row for row in _event_rows(shown) if not row.path.startswith("data")],
        "kinds": [_kind(shown, name) for name in shown["channels"] if name != "connection"],
        "methods": [
            {"name": name, "asked": _shown(shown, name), "answered": _shown(shown, f"{name}.reply")} for name in METHODS
        ],
        "pushes": [_shown(shown, name) for name in ["server.ping", *[f"push.{kind}" for kind in KINDS], "error"]],
        "codes": shown["x-codes"],
    }


def _kind(document: dict[str, Any], name: str) -> dict[str, Any]:
    channel = document["channels"][name]
    return {
        "name": name,
        "address": channel["address"],
        "title": channel["title"],
        "has_presence": channel["x-has-presence"],
        "messages": [_shown(document, message) for message in channel["messages"]],
    }


def _shown(document: dict[str, Any], name: str) -> dict[str, Any]:
    message, schemas = document["components"]["messages"][name], document["components"]["schemas"]
    tag, found = message["tags"][0]["name"], list(rows(message["payload"], schemas))
    is_enveloped = tag in ("event", "ephemeral")
    return {
        "name": name,
        "summary": message["summary"],
        "tag": tag,
        "rows": [row for row in found if not is_enveloped or row.path.startswith("data")],
        "example": json.dumps(message["examples"][0]["payload"], ensure_ascii=False, indent=2),
    }


def _event_rows(document: dict[str, Any]) -> list[Row]:
    """The rows of any event: what they have in common is shown once."""
    schemas = document["components"]["schemas"]
    events = schemas["AnyEvent"].get("oneOf", [])
    return list(rows(events[0], schemas)) if events else []
