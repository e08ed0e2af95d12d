"""Answers that are the same for every client: their bytes are made once per process and kept.

A document that describes the API takes a second of processor time to make. Made for each request, a few clients that
ask for it again and again would take the time of all others.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response


class ConstantAnswer:
    """The answer of a view that always shows the same. `make` returns its text; the first request calls it.

    While one thread makes the text, the other threads wait for it. When `make` raises, the exception goes to the
    caller, and the next request calls it again.
    """

    def __init__(self, make: Callable[[], str | bytes], content_type: str) -> None:
        self._make, self._content_type = make, content_type
        self._lock = threading.Lock()
        self._made: tuple[bytes, str] | None = None

    def respond(self, request: HttpRequest) -> HttpResponse:
        """Returns the answer with a strong ETag, or 304 to a client whose copy has this ETag."""
        content, etag = self._content()
        response = HttpResponse(content, content_type=self._content_type)
        response["ETag"], response["Cache-Control"] = etag, "no-cache"  # may be kept, and is asked for again
        found: HttpResponseBase | None = get_conditional_response(request, etag=etag, response=response)
        assert isinstance(found, HttpResponse)
        return found

    def _content(self) -> tuple[bytes, str]:
        """Returns the bytes and their ETag."""
        with self._lock:
            if self._made is None:
                made = self._make()
                content = made.encode() if isinstance(made, str) else made
                self._made = content, f'"{hashlib.sha256(content).hexdigest()[:32]}"'
            return self._made
