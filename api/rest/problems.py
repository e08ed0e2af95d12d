"""The table of problems: for each code its status, its meaning and its remedy.

The `type` of a problem document is the address of its page. The pages are made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

PAGES = "/api/problems/"
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


_SIGN_IN = "Sign in again."
_FIX = "Change the request. Sent again unchanged, it gets the same answer."
_READ_AGAIN = "Read the resource again and decide anew."
_LATER = "Wait for the seconds that `Retry-After` names, then send it again with the same `Idempotency-Key`."

PROBLEMS: dict[str, Kind] = {
    # what was sent
    "bad_request": Kind(400, "The request cannot be understood: a wrong Host, or no HTTP.", _FIX),
    "parse_error": Kind(400, "The body is not JSON as RFC 8259 has it, or contains a key twice.", _FIX),
    "invalid": Kind(400, "The body or a parameter is not valid. `errors` points at each mistake.", _FIX),
    "too_large": Kind(413, "The body is larger than this server takes.", "Send less at once."),
    "answer_too_large": Kind(413, "The answer does not fit a message of the socket.", "Ask over HTTP."),
    "headers_too_large": Kind(431, "The headers are larger than this server takes.", "Send fewer or shorter headers."),
    "unsupported_media_type": Kind(
        415,
        "The body is not `application/json`, or it is compressed.",
        "Send `Content-Type: application/json`, and no `Content-Encoding`.",
    ),
    "method_not_allowed": Kind(405, "This address does not support the method. `Allow` has its methods.", _FIX),
    # who sent it
    "not_authenticated": Kind(401, "The request has no credential.", "Send `Authorization: Bearer <token or key>`."),
    "authentication_failed": Kind(401, "The Authorization header is not `Bearer <token or key>`.", _FIX),
    "credentials_invalid": Kind(401, "E-mail address and password do not match an account.", "Ask the person again."),
    "token_expired": Kind(401, "The token was good, and has ended.", "Refresh it, and send the request again."),
    "token_invalid": Kind(401, "The token was not made by this server.", _SIGN_IN),
    "token_reused": Kind(401, "The refresh token was used before. The session has been ended.", _SIGN_IN),
    "session_ended": Kind(401, "The session was ended: by a logout, or a new password.", _SIGN_IN),
    "account_closed": Kind(401, "The account is closed.", "Ask the operator of the server."),
    "key_invalid": Kind(401, "The key was not made by this server, or was revoked.", "Ask for another key."),
    "key_expired": Kind(401, "The key has expired.", "Ask for another key, or rotate it earlier."),
    # what the caller may do
    "permission_denied": Kind(403, "The caller may read this, but not do it.", "Ask somebody with a higher role."),
    "key_not_allowed": Kind(403, "This needs a signed-in user. Keys are not accepted.", "Sign in."),
    "insufficient_scope": Kind(403, "The key lacks the scope that `detail` names.", "Make a key that has it."),
    "key_confined": Kind(403, "The key is bound to another stream.", "Use a key that is bound to this one."),
    "csrf_failed": Kind(403, "A form of the admin is too old, or from elsewhere.", "Load the page again."),
    "not_found": Kind(404, "It is not there, or the caller may not know of it.", "Treat it as gone."),
    # what the present state does not allow
    "id_taken": Kind(409, "The id that the client made belongs to another object.", "Make another id."),
    "key_taken": Kind(409, "The dashboard has a metric of this key already.", "Use that one, or choose another key."),
    "too_many_metrics": Kind(409, "The dashboard has as many metrics as it may have.", "Make another dashboard."),
    "already_member": Kind(409, "They are a member already, with another role.", "Change the role instead."),
    "direct_room": Kind(409, "A direct room keeps its two people.", "Do not change its members."),
    "last_owner": Kind(409, "A room or a dashboard keeps at least one owner.", "Make somebody else an owner first."),
    "service_account": Kind(409, "A program owns no room.", "Give the role to a person."),
    "password_changed": Kind(409, "Another request has changed the password.", "Ask the person again."),
    "too_many_emoji": Kind(409, "The message has as many different emoji as it may have.", "Use one of those."),
    "too_many_keys": Kind(409, "There are as many keys as there may be.", "Revoke one that is not used."),
    "position_lost": Kind(
        410,
        "The log cannot be read from this position: it is too old, ahead of the log, or of another epoch.",
        "Read the list again, and continue from its `stream` position. `stream` is the present position.",
    ),
    "version_mismatch": Kind(412, "The resource has another version than the one named in If-Match.", _READ_AGAIN),
    "version_required": Kind(428, "The change must name a version.", "Send `If-Match` with its ETag."),
    "conflict": Kind(409, "Another request changed the same things at the same moment.", _READ_AGAIN),
    "out_of_range": Kind(400, "A value is outside what can be stored or compared.", _FIX),
    # retries
    "idempotency_key_invalid": Kind(400, "The Idempotency-Key is empty, too long, or given twice.", _FIX),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key was used for another request.", "Make a new key."),
    "idempotency_key_busy": Kind(409, "The first request with this Idempotency-Key has not been answered yet.", _LATER),
    "answer_not_kept": Kind(
        409,
        "The request with this Idempotency-Key was done, but its answer is not stored: it was secret, or erased.",
        _READ_AGAIN,
    ),
    # limits
    "throttled": Kind(429, "Too many attempts.", "Wait for the seconds that `Retry-After` names."),
    "quota_exceeded": Kind(429, "More requests than `violated-policies` allow.", _LATER),
    # the server
    "error": Kind(500, "Something went wrong on our side.", "Report it with the `instance`; trying again may help."),
    "unavailable": Kind(503, "The database is busy or away. Nothing was written.", _LATER),
    "busy": Kind(503, "Too many requests are being handled. Nothing was written.", _LATER),
    "too_many_connections": Kind(503, "This server has too many connections.", "Connect later."),
    "draining": Kind(503, "This process is shutting down.", "Connect again: another process answers."),
}


def type_of(code: str) -> str:
    """Returns the address of a problem's page: an absolute path, as RFC 9457 (3.1.1) recommends."""
    return f"{PAGES}{code}/"


def document(
    status: int, code: str, detail: str, request_id: str = "unknown", errors: list | None = None, **more: Any
) -> dict[str, Any]:
    """Returns a problem document. `more` are the members that only this kind of problem has."""
    body = {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:request:{request_id}",
        "code": code,
    }
    return {**body, **({"errors": errors} if errors else {}), **more}
