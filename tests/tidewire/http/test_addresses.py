"""The client's address: the Nth from the right, where N proxies are trusted."""

import pytest

from tidewire.http.addresses import IS_FORWARDED, client_address, resolve_client


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
        (["unknown"], 1, ""),
        (["' OR 1=1"], 1, ""),
        ([" , ,"], 1, ""),
    ],
)
def test_the_client_is_what_the_outermost_trusted_proxy_saw(forwarded: list[str], proxies: int, address: str) -> None:
    assert client_address(forwarded, proxies) == address


def test_the_headers_are_removed() -> None:
    headers = [(b"host", b"x"), (b"x-forwarded-for", b"1.2.3.4"), (b"x-real-ip", b"1.2.3.4"), (b"forwarded", b"for=x")]

    scope = resolve_client({"client": ["127.0.0.1", 5], "headers": headers}, 0)

    assert scope["headers"] == [(b"host", b"x")]
    assert scope["client"] == ["127.0.0.1", 5]
    assert scope[IS_FORWARDED]


def test_a_request_without_a_proxy_is_left_alone() -> None:
    scope = {"client": ["192.0.2.1", 5], "headers": [(b"host", b"x")]}

    assert resolve_client(scope, 1) is scope
