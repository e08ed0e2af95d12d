"""`Idempotency-Key`: a write that is sent twice is done once, and its second answer is the first one, byte for byte.

The answer is stored in the transaction of the write, so there is never one without the other. A second request with the
same key waits for the first. Errors are not stored: nothing was written, and the request may succeed later.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from django.db import OperationalError, connection
from django.http import HttpResponse
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from tidewire.ground.recorded_event import RecordedEvent
from tidewire.log.erasure import on_erasure
from tidewire.rest.answers import Answer
from tidewire.rest.errors import BadRequest, ConflictProblem, Unprocessable

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
WAIT_SECONDS = 5
MAX_LENGTH = 255

# A structured field's string, or without quotes as most clients send it.
_KEY = re.compile(rf'"?([!#-+\--~]{{1,{MAX_LENGTH}}})"?')
_LOCK_TIMEOUT = "55P03"


class AnswerNotKept(ConflictProblem):
    default_code = "answer_not_kept"
    default_detail = "This was done already. Its answer is not kept."


class StillBusy(ConflictProblem):
    default_code = "idempotency_key_busy"
    default_detail = "The first request with this key is still under way."
    wait = 1


def key_of(request: Any) -> str | None:
    """Returns the key of a request, or None without one and for anonymous requests. Raises BadRequest."""
    text = request.headers.get(HEADER)
    if text is None or not request.user.is_authenticated:
        return None
    match = _KEY.fullmatch(text)
    if match is None:
        raise BadRequest("The Idempotency-Key must be 1 to 255 visible characters.", "idempotency_key_invalid")
    return match[1]


def once(
    key: str, request: Any, handler: Callable[[], tuple[Response, Iterable[RecordedEvent]]], is_secret: bool
) -> HttpResponse:
    """Runs the handler, or returns its stored answer. Call it inside the transaction of the write.

    The handler returns its answer, and the events that the write has recorded: they name what the answer may show.
    Raises Unprocessable when the key was used for another request, and ConflictProblem when there is no answer yet, or
    none to return.
    """
    digest, fingerprint = _digest(request.method, request.path, key), _fingerprint(request)
    account = str(request.user.pk)
    answer = _claim(account, digest, fingerprint)
    if answer is None:
        return _replay(Answer.objects.get(account=account, digest=digest), fingerprint)
    response, events = handler()
    body = None if is_secret else _body(response)
    answer.fill(response.status_code, _headers(response), body, {event.object for event in events})
    return response if is_secret else _as_response(answer)


def _claim(account: str, digest: str, fingerprint: str) -> Answer | None:
    """Returns a new row to fill, or None when there is one. Raises StillBusy when the first request takes too long."""
    _wait_for_locks(f"'{WAIT_SECONDS * 1000:.0f}ms'")
    answer = _claim_or_renew(account, digest, fingerprint)
    _wait_for_locks("DEFAULT")  # for the write itself
    return answer


def _wait_for_locks(limit: str) -> None:
    """Sets PostgreSQL's lock_timeout. SQLite has one writer at a time, and BEGIN has waited for it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout TO {limit}")


def _claim_or_renew(account: str, digest: str, fingerprint: str) -> Answer | None:
    for _ in range(2):
        try:
            answer = Answer.claim(account, digest, fingerprint)
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) == _LOCK_TIMEOUT:
                raise StillBusy() from None
            raise
        if answer or not Answer.objects.old().filter(account=account, digest=digest).delete()[0]:
            return answer
    return None


def _replay(answer: Answer, fingerprint: str) -> HttpResponse:
    if answer.fingerprint != fingerprint:
        raise Unprocessable("This key was used for another request.", "idempotency_key_reused")
    if answer.body is None:
        raise AnswerNotKept()
    response = _as_response(answer)
    response[REPLAYED] = "true"
    return response


@on_erasure
def _forget(deletions: list[RecordedEvent], using: str) -> None:
    """Removes the stored answers that show an erased object."""
    keys = {deletion.object.partition(":")[2] for deletion in deletions}
    Answer.objects.using(using).forget(keys | {deletion.object for deletion in deletions})


# -- what is compared, what is stored --------------------------------------------------------------------------------


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _fingerprint(request: Any) -> str:
    """A hash of the parsed body, not of its bytes: the order of its keys may differ when a client sends it again."""
    return _digest(request.META.get("QUERY_STRING", ""), json.dumps(request.data, sort_keys=True))


def _headers(response: Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name != "Content-Type"}


def _body(response: Response) -> bytes:
    return b"" if response.data is None else JSONRenderer().render(response.data)


def _as_response(answer: Answer) -> HttpResponse:
    body = bytes(answer.body or b"")
    response = HttpResponse(body, status=answer.status, content_type="application/json", headers=answer.headers)
    if not body:
        del response["Content-Type"]
    return response
