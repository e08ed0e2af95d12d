"""Which IP addresses are public. Python's own `is_global` says so of some that lead into a network: NAT64, 6to4,
multicast, the metadata services of clouds.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

# What the registries of IANA do not give to hosts of the public Internet.
_REFUSED_V4 = [
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by customers of a provider (CGNAT); metadata of Alibaba Cloud
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local; metadata of most clouds
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments; metadata of Oracle Cloud
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "168.63.129.16/32",  # Azure's platform, reachable from inside only
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
_GLOBAL_V6 = ip_network("2000::/3")
# All that is outside of 2000::/3 is refused: loopback, mapped (::ffff:0:0/96) and compatible addresses, NAT64
# (64:ff9b::/96 and 64:ff9b:1::/48), discard-only, unique local, link-local, multicast.
_REFUSED_V6 = [
    ip_network(network)
    for network in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: an IPv4 address inside
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
]
_ISATAP = (0x00005EFE, 0x02005EFE)
"""In the upper half of an interface id: an IPv4 address follows."""


def is_public(text: str) -> bool:
    """Returns whether this is the text of an address on the public Internet."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return _is_public_v4(address) if isinstance(address, IPv4Address) else _is_public_v6(address)


def is_loopback(text: str) -> bool:
    """Returns whether this is 127.0.0.0/8 or ::1, and not another form of it."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return address.is_loopback if isinstance(address, IPv4Address) else address == IPv6Address("::1")


def _is_public_v4(address: IPv4Address) -> bool:
    return not any(address in network for network in _REFUSED_V4)


def _is_public_v6(address: IPv6Address) -> bool:
    if address.scope_id is not None or address not in _GLOBAL_V6:
        return False
    if any(address in network for network in _REFUSED_V6):
        return False
    interface_id = int(address) & (2**64 - 1)
    if interface_id >> 32 in _ISATAP:
        return _is_public_v4(IPv4Address(interface_id & (2**32 - 1)))
    return True
