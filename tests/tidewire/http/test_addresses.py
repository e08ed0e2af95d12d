"""The client's address: the Nth from the right, where N proxies are trusted."""

import pytest

from tidewire.http.addresses import _warn_of_a_proxy, client_address, resolve_client


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        ([], 1, ""),
        (["203.0.113.5"], 0, ""),
        (["203.0.113.5"], 1, "203.0.113.5"),
        (["198.51.100.1, 203.0.113.5"], 1, "203.0.113.5"),
        (["198.51.100.1", "203.0.113.5"], 1, "203.0.113.5"),  # two headers are one list
        (["198.51.100.1, 203.0.113.5, 10.0.0.1"], 2, "203.0.113.5"),
        (["203.0.113.5"], 2, "203.0.113.5"),  # the outer proxy was passed by
        (["203.0.113.5:4711"], 1, "203.0.113.5"),
        (["[2001:db8::1]:4711"], 1, "2001:db8::1"),
        (["2001:DB8::1"], 1, "2001:db8::1"),
        (["::ffff:203.0.113.5"], 1, "203.0.113.5"),  # as a proxy shows an IPv4 client that listens on ::
        (["unknown"], 1, ""),
        (["' OR 1=1"], 1, ""),
        ([" , ,"], 1, ""),
    ],
)
def test_the_client_is_what_the_outermost_trusted_proxy_saw(forwarded: list[str], proxies: int, address: str) -> None:
    assert client_address(forwarded, proxies) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),  # as the kernel shows an IPv4 client of a socket for both
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:x", "::ffff:x"),
    ],
)
def test_an_ipv4_client_has_an_ipv4_address(peer: str, address: str) -> None:
    assert resolve_client({"client": [peer, 5], "headers": []}, 0)["client"][0] == address
    through = resolve_client({"client": [peer, 5], "headers": [(b"via", b"x")]}, 1)["client"]
    assert through == (None if address == "127.0.0.1" else (address, 5))


def test_the_headers_are_removed() -> None:
    headers = [(b"host", b"x"), (b"x-forwarded-for", b"1.2.3.4"), (b"x-real-ip", b"1.2.3.4"), (b"forwarded", b"for=x")]

    scope = resolve_client({"client": ["192.0.2.1", 5], "headers": headers}, 0)

    assert scope["headers"] == [(b"host", b"x")]
    assert scope["client"] == ("192.0.2.1", 5)


SIGNS = [
    *(b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"x-real-ip", b"forwarded", b"via"),
    *(b"cf-connecting-ip", b"true-client-ip", b"fly-client-ip", b"x-client-ip", b"ngrok-skip-browser-warning"),
]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "value", [b"", b"unknown", b"_hidden", b"127.0.0.1", b"[::1]:80", b"::ffff:127.0.0.1", b"1.2.3"]
)
@pytest.mark.parametrize("proxies", [0, 1, 2])
@pytest.mark.parametrize("name", SIGNS)
def test_a_forwarded_request_is_never_one_of_this_machine(name: bytes, proxies: int, value: bytes, peer: str) -> None:
    scope = resolve_client({"client": [peer, 5], "headers": [(b"host", b"x"), (name, value)]}, proxies)

    assert scope["client"] is None


def test_an_unreadable_hop_counts_as_its_proxy() -> None:
    scope = resolve_client({"client": ["192.0.2.1", 5], "headers": [(b"x-forwarded-for", b"unknown")]}, 1)

    assert scope["client"] == ("192.0.2.1", 5)


def test_a_request_without_a_proxy_is_left_alone() -> None:
    scope = {"client": ["127.0.0.1", 5], "headers": [(b"host", b"x")]}

    assert resolve_client(scope, 1) is scope


def test_a_proxy_that_the_settings_do_not_know_is_reported_once(caplog: pytest.LogCaptureFixture) -> None:
    _warn_of_a_proxy.cache_clear()
    for _ in range(3):
        resolve_client({"client": ["192.0.2.1", 5], "headers": [(b"x-forwarded-for", b"192.0.2.9")]}, 0)

    assert [record.message for record in caplog.records if "TRUSTED_PROXIES" in record.message] == [
        caplog.records[-1].message
    ]
