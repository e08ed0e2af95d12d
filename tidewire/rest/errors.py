"""Errors as problem documents (RFC 9457), whether DRF, Django's URL resolver or a crash causes them.

`code` is for programs, `detail` for people; `errors` points into the request body; `instance` names the request, as the
logs and the X-Request-ID header do.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from http import HTTPStatus
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from tidewire.ground.current_request import current_request
from tidewire.queries.errors import Fault, fault_of
from tidewire.rest import problems
from tidewire.rest.conflicts import Conflict
from tidewire.rest.problems import CONTENT_TYPE
from tidewire.rest.request_ids import request_id_of

RETRY_SECONDS = 1
MAX_ERRORS = 100
"""Mistakes that one answer names. The answer to a body of a megabyte is not several megabytes."""
MAX_TEXT = 300
"""Characters of a pointer and of a text in it, which may repeat what the client sent."""

logger = logging.getLogger(__name__)


class ConflictProblem(exceptions.APIException):
    status_code = 409
    wait = 0


class Gone(exceptions.APIException):
    """The log cannot be read from this position. `more` has the present position of the stream."""

    status_code = 410
    default_code = "position_lost"

    def __init__(self, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.more = more


class PreconditionFailed(exceptions.APIException):
    status_code = 412
    default_code = "version_mismatch"
    default_detail = "The resource has another version than the one named in If-Match."


class PreconditionRequired(exceptions.APIException):
    status_code = 428
    default_code = "version_required"
    default_detail = "This takes the version that you have seen, in If-Match."


class BadRequest(exceptions.APIException):
    status_code = 400
    default_code = "bad_request"


class Unprocessable(exceptions.APIException):
    status_code = 422
    default_code = "idempotency_key_reused"


class PayloadTooLarge(exceptions.APIException):
    status_code = 413
    default_code = "too_large"
    default_detail = "The request body is too large."


class Unavailable(exceptions.APIException):
    """The database cannot do it now. Nothing was written: the client may send the request again."""

    status_code = 503
    default_code = "unavailable"
    default_detail = "The service is busy. Please try again."
    wait = RETRY_SECONDS


def handle_exception(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: returns the answer to an error, or None for a bug, which Django logs and gives to handler500."""
    error = _as_api_exception(exc)
    if error is None:
        return None
    set_rollback()
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    body = _problem(context["request"], error.status_code, *_describe(error), **getattr(error, "more", {}))
    return Response(body, error.status_code, headers=headers, content_type=CONTENT_TYPE)


def _as_api_exception(exc: Exception) -> exceptions.APIException | None:
    if isinstance(exc, exceptions.APIException):
        return exc
    if isinstance(exc, Conflict):
        return ConflictProblem(exc.detail, exc.code)
    if isinstance(exc, Http404):
        return exceptions.NotFound()
    if isinstance(exc, DjangoPermissionDenied):
        return exceptions.PermissionDenied()
    return _as_database_problem(exc)


def _as_database_problem(exc: Exception) -> exceptions.APIException | None:
    """Returns the answer to an error of the database, or None for any other error, which is a bug.

    An error that only an operator can cure is logged with its traceback, and answered as if the database were away. So
    no input and no state of the database causes a 500.
    """
    fault = fault_of(exc)
    if fault is None:
        return None
    # A violated constraint stays one. After a deadlock the same request may succeed: below.
    if fault is Fault.CONFLICT and isinstance(exc, IntegrityError):
        return ConflictProblem("Another request was faster. Read the resource again.", "conflict")
    if fault is Fault.INPUT:
        return BadRequest("A value of the request is outside what can be stored or compared.", "out_of_range")
    if fault is Fault.UNREADY:
        logger.error("the database is not set up for this release", exc_info=exc)
    else:
        logger.warning("the database is busy or away: %s", exc)
    return Unavailable()


def _describe(exc: exceptions.APIException) -> tuple[str, str, list[dict[str, str]]]:
    """Returns (code, detail, errors) of an exception."""
    if isinstance(exc, exceptions.ValidationError):
        return "invalid", "The request is not valid.", list(islice(flatten(exc.detail), MAX_ERRORS))
    return str(getattr(exc.detail, "code", exc.default_code)), _short(str(exc.detail)), []


def flatten(detail: Any, pointer: str = "") -> Iterator[dict[str, str]]:
    """Yields DRF's nested messages one by one, each with a JSON pointer (RFC 6901) to the value it is about."""
    if isinstance(detail, dict):
        for key, value in detail.items():
            is_whole = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from flatten(value, pointer if is_whole else f"{pointer}/{_escape(str(key))}")
    elif isinstance(detail, list):
        for index, value in enumerate(detail):
            yield from flatten(value, f"{pointer}/{index}" if isinstance(value, dict | list) else pointer)
    else:
        yield {"pointer": _short(pointer), "code": str(detail.code), "detail": _short(str(detail))}


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - 1]}…"


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _problem(
    request: Any, status: int, code: str, detail: str, errors: list | None = None, **more: Any
) -> dict[str, Any]:
    current = current_request()
    if current is not None:
        current.code = code
        if current.trace_id:
            more["trace_id"] = current.trace_id
    return problems.document(status, code, detail, request_id_of(request), errors, **more)


# Django's own errors: the resolver's 404, a bad Host header, a crash. For `handler404` and the others of a project's
# root URLs, and CSRF_FAILURE_VIEW.


class ProblemMiddleware:
    """Gives a body to errors without one (Django's 405), and answers errors outside the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code >= 400 and not response.streaming and not response.content:
            phrase = HTTPStatus(response.status_code).phrase
            body = _problem(request, response.status_code, phrase.lower().replace(" ", "_"), f"{phrase}.")
            response.content, response["Content-Type"] = json.dumps(body), CONTENT_TYPE
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> JsonResponse | None:
        """Answers an error that a view outside of DRF raises: of the database, or one that DRF would answer."""
        is_answer = isinstance(exception, exceptions.APIException)
        problem = exception if is_answer else _as_database_problem(exception)
        return answer_to(request, problem) if problem else None


def answer_to(request: HttpRequest, error: exceptions.APIException) -> JsonResponse:
    """Returns the answer to an error outside of DRF's views."""
    code, detail, _ = _describe(error)
    response = _answer(request, error.status_code, code, detail, **getattr(error, "more", {}))
    if wait := getattr(error, "wait", None):
        response["Retry-After"] = str(int(wait))
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return _answer(request, 400, "bad_request", "The request cannot be understood.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> JsonResponse:
    return _answer(request, 403, "permission_denied", "You may not do this.")


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """Answers a form of the admin. The API reads no cookie."""
    return _answer(request, 403, "csrf_failed", "The form is too old, or from elsewhere.")


def not_found(request: HttpRequest, exception: Exception | None = None, **kwargs: Any) -> JsonResponse:
    return _answer(request, 404, "not_found", "Not found.")


def server_error(request: HttpRequest) -> JsonResponse:
    return _answer(request, 500, "error", "Something went wrong on our side.")


def _answer(request: HttpRequest, status: int, code: str, detail: str, **more: Any) -> JsonResponse:
    return JsonResponse(_problem(request, status, code, detail, **more), status=status, content_type=CONTENT_TYPE)
