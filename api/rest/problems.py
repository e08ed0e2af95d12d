"""The problems of this product, in the same table as the engine's: a page is made for each."""

from __future__ import annotations

from tidewire.rest import problems
from tidewire.rest.problems import LATER, Kind

SIGN_IN = "Sign in again."

PROBLEMS: dict[str, Kind] = {
    **problems.PROBLEMS,
    "answer_too_large": Kind(413, "The answer does not fit a message of the socket.", "Ask over HTTP."),
    "credentials_invalid": Kind(401, "E-mail address and password do not match an account.", "Ask the person again."),
    "token_expired": Kind(401, "The token was good, and has ended.", "Refresh it, and send the request again."),
    "token_invalid": Kind(401, "The token was not made by this server.", SIGN_IN),
    "token_reused": Kind(401, "The refresh token was used before. The session has been ended.", SIGN_IN),
    "session_ended": Kind(401, "The session was ended: by a logout, or a new password.", SIGN_IN),
    "account_closed": Kind(401, "The account is closed.", "Ask the operator of the server."),
    "key_invalid": Kind(401, "The key was not made by this server, or was revoked.", "Ask for another key."),
    "key_expired": Kind(401, "The key has expired.", "Ask for another key, or rotate it earlier."),
    "key_not_allowed": Kind(403, "This needs a signed-in user. Keys are not accepted.", "Sign in."),
    "insufficient_scope": Kind(403, "The key lacks the scope that `detail` names.", "Make a key that has it."),
    "key_confined": Kind(403, "The key is bound to another stream.", "Use a key that is bound to this one."),
    "key_taken": Kind(409, "The dashboard has a metric of this key already.", "Use that one, or choose another key."),
    "too_many_metrics": Kind(409, "The dashboard has as many metrics as it may have.", "Make another dashboard."),
    "already_member": Kind(409, "They are a member already, with another role.", "Change the role instead."),
    "direct_room": Kind(409, "A direct room keeps its two people.", "Do not change its members."),
    "last_owner": Kind(409, "A room or a dashboard keeps at least one owner.", "Make somebody else an owner first."),
    "service_account": Kind(409, "A program owns no room.", "Give the role to a person."),
    "password_changed": Kind(409, "Another request has changed the password.", "Ask the person again."),
    "too_many_emoji": Kind(409, "The message has as many different emoji as it may have.", "Use one of those."),
    "too_many_streams": Kind(409, "There are more streams than one feed may have.", "Make a feed for each kind."),
    "too_many_keys": Kind(409, "There are as many keys as there may be.", "Revoke one that is not used."),
    "too_many_webhooks": Kind(409, "There are as many webhooks as there may be.", "Delete one that is not used."),
    "too_many_requests_waiting": Kind(409, "As many pings and redeliveries wait as may.", "Try again in a while."),
    "quota_exceeded": Kind(429, "More requests or bytes than `violated-policies` allow.", LATER),
}
