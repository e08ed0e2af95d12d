"""Which hosts requests may be sent to, as far as their text shows.

One function is asked when an endpoint is made, before each attempt, and with the host that the HTTP library is about to
connect to. So no spelling that one reader of a URL takes for a name, and another for an address, comes through.
"""

from __future__ import annotations

import re
from ipaddress import ip_address

from tidewire.ground.conf import conf
from tidewire.webhooks.addresses import is_loopback, is_public

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}\.?")
MAX_NAME = 253
_NUMBER = re.compile(r"\d+|0[xX][0-9a-fA-F]*")
"""As the last label of a name: systems read 127.1, 0177.0.0.1, 0x7f000001, 2130706433 and 10.0.0.1. as addresses of
IPv4. No top-level domain is a number."""
_INSIDE = frozenset(
    ("local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "localhost", "onion")
)
"""Top-level names that the public name servers do not have, and networks use for their own hosts (RFC 6761, 6762, 7686,
ICANN's `internal` and its list of names that collide)."""
_INSIDE_ENDS = (".home.arpa", ".in-addr.arpa", ".ip6.arpa")


class HostError(ValueError):
    """A host that no request is sent to. `code` names the reason for programs, the text for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def check(host: str) -> None:
    """Raises HostError unless requests may be sent to this host: a public address, or a name that is not one of a
    network's own. An address of IPv6 stands without brackets."""
    try:
        ip_address(host)
    except ValueError:
        _check_name(host)
        return
    if not (is_public(host) or (conf.WEBHOOK_LOOPBACK and is_loopback(host))):
        raise HostError("address", "The address must be public.")


def _check_name(host: str) -> None:
    if len(host) > MAX_NAME or not _NAME.fullmatch(host):
        raise HostError("host", "The host must be a name of ASCII letters, digits and hyphens.")
    name = host.removesuffix(".").lower()
    last = name.rpartition(".")[2]
    if _NUMBER.fullmatch(last):
        raise HostError("address", "An address must be written as four decimal numbers, or in brackets.")
    if conf.WEBHOOK_LOOPBACK and last == "localhost":
        return
    if "." not in name or last in _INSIDE or name.endswith(_INSIDE_ENDS):
        raise HostError("host", "The host must be a name on the public Internet, such as example.com.")
