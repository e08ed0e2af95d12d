"""The two calls of the reference server's API that suites make."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from tests.conformance import log
from tests.conformance.channels import stream_of
from tidewire.log import pages

API_KEY = "test-api-key"
UNKNOWN_CHANNEL = {"error": {"code": 102, "message": "unknown channel"}}

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


def call(answer: Call) -> Callable[[HttpRequest], JsonResponse]:
    @csrf_exempt
    @require_POST
    def view(request: HttpRequest) -> JsonResponse:
        if request.headers.get("X-API-Key") != API_KEY:
            return JsonResponse({"error": {"code": 101, "message": "unauthorized"}}, status=401)
        try:
            body = json.loads(request.body)
            stream = stream_of(body["channel"])
        except (ValueError, TypeError, KeyError, AttributeError):
            return JsonResponse({"error": {"code": 107, "message": "bad request"}}, status=400)
        return JsonResponse({"result": answer(stream, body)} if stream else UNKNOWN_CHANNEL)

    return view


def publish(stream: str, body: dict[str, Any]) -> dict[str, Any]:
    recorded = log.publish(stream, json.dumps(body.get("data")).encode())
    return {"offset": recorded.offset, "epoch": recorded.epoch}


def history(stream: str, body: dict[str, Any]) -> dict[str, Any]:
    page = pages.read_after(stream, 0)
    limit = body.get("limit", 0)
    entries = page.entries if limit < 0 else page.entries[:limit]
    publications = [{"offset": e.offset, "data": json.loads(log.json_of(e.payload))} for e in entries]
    return {"publications": publications, "offset": page.head.offset, "epoch": page.head.epoch}


urlpatterns = [
    path("", include("tidewire.urls")),
    path("api/publish", call(publish)),
    path("api/history", call(history)),
]
