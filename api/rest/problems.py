"""Every kind of problem, in one table: the code that programs read, the status, what it means and what to do.

Its page is at the address that a problem names as its `type`; the pages are made from this table.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

PAGES = "/api/problems/"
CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: what happened, and what a client does about it."""

    status: int
    meaning: str
    remedy: str

    @property
    def title(self) -> str:
        return HTTPStatus(self.status).phrase


_SIGN_IN = "Sign in again."
_FIX = "Change the request; sending it again as it is changes nothing."
_READ_AGAIN = "Read the resource again and decide anew."
_LATER = "Wait for the seconds that `Retry-After` names, then send it again with the same `Idempotency-Key`."

PROBLEMS: dict[str, Kind] = {
    # what was sent
    "bad_request": Kind(400, "The request cannot be understood: a wrong Host, or no HTTP.", _FIX),
    "parse_error": Kind(400, "The body is not JSON as RFC 8259 has it, or says a key twice.", _FIX),
    "invalid": Kind(400, "The body or a parameter is not valid. `errors` points at each mistake.", _FIX),
    "too_large": Kind(413, "The body is larger than this server takes.", "Send less at once."),
    "answer_too_large": Kind(413, "The answer does not fit a message of the socket.", "Ask by HTTP, or for less."),
    "headers_too_large": Kind(431, "The headers are larger than this server takes.", "Send fewer or shorter headers."),
    "unsupported_media_type": Kind(415, "The body is not `application/json`.", "Say `Content-Type: application/json`."),
    "method_not_allowed": Kind(405, "This address does not know the method. `Allow` names those it knows.", _FIX),
    # who sent it
    "not_authenticated": Kind(401, "The request says nobody's name.", "Send `Authorization: Bearer <token or key>`."),
    "authentication_failed": Kind(401, "The Authorization header is not `Bearer <token or key>`.", _FIX),
    "credentials_invalid": Kind(401, "E-mail address and password do not match an account.", "Ask the person again."),
    "token_expired": Kind(401, "The token was good, and has ended.", "Refresh it, and send the request again."),
    "token_invalid": Kind(401, "This is no token of ours.", _SIGN_IN),
    "token_reused": Kind(401, "The refresh token was spent before; the session has been ended, for both.", _SIGN_IN),
    "session_ended": Kind(401, "The session was ended: by a logout, or a new password.", _SIGN_IN),
    "account_closed": Kind(401, "The account is closed.", "Ask whoever runs the server."),
    "key_invalid": Kind(401, "This is no key of ours, or it was revoked.", "Ask for another key."),
    "key_expired": Kind(401, "The key was made for a time that is over.", "Ask for another key, or rotate before."),
    # what they may
    "permission_denied": Kind(403, "The caller knows of this, and may not do it.", "Ask somebody with a higher role."),
    "key_not_allowed": Kind(403, "This takes a person who is signed in. Keys are not taken.", "Sign in."),
    "insufficient_scope": Kind(403, "The key lacks the scope that `detail` names.", "Make a key that has it."),
    "key_confined": Kind(403, "The key is confined to another stream.", "Use a key that was made for this one."),
    "csrf_failed": Kind(403, "A form of the admin is too old, or from elsewhere.", "Load the page again."),
    "not_found": Kind(404, "It is not there, or the caller may not know of it.", "Treat it as gone."),
    # what the state of things does not allow
    "id_taken": Kind(409, "The id that the client made names something else already.", "Make another id."),
    "key_taken": Kind(409, "The dashboard has a metric of this key already.", "Use that one, or choose another key."),
    "too_many_metrics": Kind(409, "The dashboard has as many metrics as it takes.", "Make another dashboard."),
    "already_member": Kind(409, "They are a member already, with another role.", "Change the role instead."),
    "direct_room": Kind(409, "A direct room keeps its two people.", "Leave it at that."),
    "last_owner": Kind(409, "A room or a dashboard keeps at least one owner.", "Make somebody else an owner first."),
    "service_account": Kind(409, "A program owns no room.", "Give the role to a person."),
    "password_changed": Kind(409, "The password was changed meanwhile.", "Ask the person again."),
    "too_many_emoji": Kind(409, "The message has as many different emoji as it takes.", "Use one that is there."),
    "too_many_keys": Kind(409, "There are as many keys as there may be.", "Revoke one that is not used."),
    "position_lost": Kind(
        410,
        "The log cannot be read on from this position: it is too old, ahead of the log, or of another epoch.",
        "Read the list again, and go on from its `stream` position. `stream` names where the log stands now.",
    ),
    "version_mismatch": Kind(412, "The resource has another version than the one named in If-Match.", _READ_AGAIN),
    "version_required": Kind(428, "Changing this takes the version that was seen.", "Send `If-Match` with its ETag."),
    "conflict": Kind(409, "Another request changed the same things at the same moment.", _READ_AGAIN),
    "out_of_range": Kind(400, "A value is outside what can be stored or compared.", _FIX),
    # retries
    "idempotency_key_invalid": Kind(400, "The Idempotency-Key is empty, too long, or said twice.", _FIX),
    "idempotency_key_reused": Kind(422, "The Idempotency-Key was used for another request.", "Make a new key."),
    "idempotency_key_busy": Kind(409, "The first request with this Idempotency-Key is still under way.", _LATER),
    "answer_not_kept": Kind(
        409,
        "The request with this Idempotency-Key was done, but its answer is not kept: it held a secret, or was erased.",
        _READ_AGAIN,
    ),
    # how often
    "throttled": Kind(429, "Too many attempts.", "Wait for the seconds that `Retry-After` names."),
    "quota_exceeded": Kind(429, "More requests than `violated-policies` allow.", _LATER),
    # our side
    "error": Kind(500, "Something went wrong on our side.", "Report it with the `instance`; trying again may help."),
    "unavailable": Kind(503, "The database is busy or away. Nothing was written.", _LATER),
    "busy": Kind(503, "Too many requests are being worked on. Nothing was written.", _LATER),
    "too_many_connections": Kind(503, "This server has no place for another connection.", "Come back later."),
    "draining": Kind(503, "This process is ending.", "Connect again: another one answers."),
}


def type_of(code: str) -> str:
    """A full path, so that it means the same wherever the server is found (RFC 9457, 3.1.1)."""
    return f"{PAGES}{code}/"


def document(
    status: int, code: str, detail: str, request_id: str = "unknown", errors: list | None = None, **more: Any
) -> dict[str, Any]:
    """A problem, as it is sent. `more` are members of this kind alone."""
    body = {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": f"urn:request:{request_id}",
        "code": code,
    }
    return {**body, **({"errors": errors} if errors else {}), **more}
