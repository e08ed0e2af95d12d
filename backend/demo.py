"""The demo page at `/`, and the views that it uses. For development only: production does not have these addresses.

The logins and the restart answer only requests of the demo page on this machine, from a browser that has opened the
address which seed_demo prints: it holds a key, and leaves that in a cookie. The peer's address alone would not do,
because a tunnel runs on this machine, too, and may write any Host. Pages of other sites cannot make such a request: its
header makes the browser send a preflight first, which no view answers, and the cookie is not sent from them.
"""

from __future__ import annotations

import json
import mimetypes
import os
import sys
import threading
from collections.abc import Callable
from functools import wraps
from pathlib import Path

from django.conf import settings
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.urls import path
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from tidewire.ground.networks import is_loopback

BUILT = Path(settings.BASE_DIR) / "demo" / "dist"
HEADER = "X-Tidewire-Demo"
COOKIE = "tidewire_demo"
RESTART_SECONDS = 0.2

View = Callable[..., HttpResponseBase]


def from_this_page(view: View) -> View:
    """Refuses requests that do not come from the demo page on this machine, with 404."""

    @wraps(view)
    def checked(request: HttpRequest) -> HttpResponseBase:
        is_near = is_loopback(request.META.get("REMOTE_ADDR", ""))  # never that of a forwarded request
        if not is_near or HEADER not in request.headers or not _is_key(request.COOKIES.get(COOKIE, "")):
            raise Http404
        return view(request)

    return checked


def _is_key(text: str) -> bool:
    """Returns whether this is the key that seed_demo has made. Without such a key nothing is."""
    kept = Path(settings.DATA_DIR) / "demo_key.json"
    return kept.is_file() and constant_time_compare(text, json.loads(kept.read_text())["key"])


@require_GET
def enter(request: HttpRequest, key: str) -> HttpResponseBase:
    """Gives a browser that knows the key its cookie, and shows it the page."""
    if not _is_key(key):
        raise Http404
    response = HttpResponseRedirect("/")
    response.set_cookie(COOKIE, key, path="/demo/", httponly=True, samesite="Strict")
    return response


@require_GET
def page(request: HttpRequest) -> HttpResponseBase:
    return _file("index.html")


@require_GET
def asset(request: HttpRequest, name: str) -> HttpResponseBase:
    return _file(f"assets/{name}")


def _file(name: str) -> HttpResponseBase:
    """Returns one of the built files. Raises Http404 for every other path."""
    found = (BUILT / name).resolve()
    if not found.is_relative_to(BUILT.resolve()) or not found.is_file():
        raise Http404
    kind, _ = mimetypes.guess_type(found.name)
    response = FileResponse(found.open("rb"), content_type=kind or "application/octet-stream")
    response["Cache-Control"] = "no-cache"
    # The page loads nothing from other hosts, and sends nothing to them.
    response["Content-Security-Policy"] = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'"
    return response


@require_GET
@from_this_page
def logins(request: HttpRequest) -> HttpResponseBase:
    """Returns the accounts of seed_demo, so that the page can sign in as two of them."""
    kept = Path(settings.DATA_DIR) / "demo_logins.json"
    if not kept.is_file():
        raise Http404
    return JsonResponse(json.loads(kept.read_text()))


@csrf_exempt  # no cookie is read; the header keeps other pages out
@require_POST
@from_this_page
def restart(request: HttpRequest) -> HttpResponseBase:
    """Restarts this process with the same command. As in a crash, no socket gets a close frame."""
    threading.Timer(RESTART_SECONDS, _restart_process).start()
    return HttpResponse(status=202)


def _restart_process() -> None:
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


urlpatterns = [
    path("", page, name="demo"),
    path("demo/assets/<str:name>", asset),
    path("demo/enter/<str:key>/", enter),
    path("demo/logins", logins),
    path("demo/restart", restart),
]
