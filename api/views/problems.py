"""A page for each problem, at the address that problem documents have as their type."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from api.rest.problems import PROBLEMS
from tidewire.asyncapi import pages


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    rows = [(f"{code}/", code, f"{kind.status} · {kind.meaning}") for code, kind in PROBLEMS.items()]
    return pages.text_page(request, "Problems", [], rows)


@require_safe
def page(request: HttpRequest, code: str) -> HttpResponse:
    kind = PROBLEMS.get(code)
    if kind is None:
        raise Http404
    paragraphs = [("Status", f"{kind.status} {kind.title}"), ("Meaning", kind.meaning), ("What to do", kind.remedy)]
    return pages.text_page(request, code, paragraphs)
