"""The table of problems: for each code of the engine its status, its meaning and its remedy.

The `type` of a problem document is made from the setting PROBLEM_TYPE. An application that serves pages
there makes them from this table, and from a table of its own codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from tidewire.ground.conf import conf
from tidewire.ground.request_ids import instance_of

CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row of the table: what happened, and what a client can do."""

    status: int
    meaning: str
    remedy: str

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


# The remedies of more than one problem.
FIX = "Change the request. Sent again unchanged, it gets the same answer."
READ_AGAIN = "Read the resource again and decide anew."
LATER = "Wait for the seconds that `Retry-After` names, then send it again with the same `Idempotency-Key`."

PROBLEMS: dict[str, Kind] = {
    # what was sent
    "bad_request": Kind(400, "The request cannot be understood: a wrong Host, or no HTTP.", FIX),
    "parse_error": Kind(400, "The body is not JSON as RFC 8259 has it, or contains a key twice.", FIX),
    "invalid": Kind(400, "The body or a parameter is not valid. `errors` points at each mistake.", FIX),
    "too_large": Kind(413, "The body is larger than this server takes.", "Send less at once."),
    "headers_too_large": Kind(431, "The headers are larger than this server takes.", "Send fewer or shorter headers."),
    "unsupported_media_type": Kind(
        415,
        "The body is not `application/json`, or it is compressed.",
        "Send `Content-Type: application/json`, and no `Content-Encoding`.",
    ),
    "method_not_allowed": Kind(405, "This address does not support the method. `Allow` has its methods.", FIX),
    # who sent it
    "not_authenticated": Kind(401, "The request has no credential.", "Send `Authorization: Bearer <token or key>`."),
    "authentication_failed": Kind(401, "The Authorization header is not `Bearer <token or key>`.", FIX),
    # what the caller may do
    "permission_denied": Kind(403, "The caller may read this, but not do it.", "Ask somebody with a higher role."),
    "csrf_failed": Kind(403, "A form of the admin is too old, or from elsewhere.", "Load the page again."),
    "not_found": Kind(404, "It is not there, or the caller may not know of it.", "Treat it as gone."),
    # what the present state does not allow
    "id_taken": Kind(409, "The id that the client made belongs to another object.", "Make another id."),
    "position_lost": Kind(
        410,
        "The log cannot be read from this position: it is too old, ahead of the log, or of another epoch.",
        "Read the list again, and continue from its `stream` position. `stream` is the present position.",
    ),
    "version_mismatch": Kind(412, "The resource has another version than the one named in If-Match.", READ_AGAIN),
    "version_required": Kind(428, "The change must name a version.", "Send `If-Match` with its ETag."),
    "conflict": Kind(409, "Another request changed the same things at the same moment.", READ_AGAIN),
    "out_of_range": Kind(400, "A value is outside what can be stored or compared.", FIX),
    # retries
    "idempotency_key_invalid": Kind(400, "The Idempotency-Key is empty, too long, or given twice.", FIX),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key was used for another request.", "Make a new key."),
    "idempotency_key_busy": Kind(409, "The first request with this Idempotency-Key has not been answered yet.", LATER),
    "answer_not_kept": Kind(
        409,
        "The request with this Idempotency-Key was done, but its answer is not stored: it was secret, or erased.",
        READ_AGAIN,
    ),
    # limits
    "throttled": Kind(429, "Too many attempts.", "Wait for the seconds that `Retry-After` names."),
    # the server
    "error": Kind(500, "Something went wrong on our side.", "Report it with the `instance`; trying again may help."),
    "unavailable": Kind(503, "The database is busy or away. Nothing was written.", LATER),
    "too_many_at_once": Kind(429, "The account has as many requests under way as it may. Nothing was written.", LATER),
    "busy": Kind(503, "Too many requests are being handled. Nothing was written.", LATER),
    "too_many_connections": Kind(503, "This server has too many connections.", "Connect later."),
    "draining": Kind(503, "This process is shutting down.", "Connect again: another process answers."),
}


def type_of(code: str) -> str:
    """Returns the `type` of a problem: PROBLEM_TYPE with this code. RFC 9457 (3.1.1) recommends an absolute path."""
    return conf.PROBLEM_TYPE.format(code=code)


def document(
    status: int, code: str, detail: str, request_id: str = "unknown", errors: list | None = None, **more: Any
) -> dict[str, Any]:
    """Returns a problem document. `more` are the members that only this kind of problem has."""
    body = {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance_of(request_id),
        "code": code,
    }
    return {**body, **({"errors": errors} if errors else {}), **more}
