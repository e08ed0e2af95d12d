"""What of the demo a server answers, to whom, and that a production server answers none of it.

python -m pytest demo
"""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpResponse

from backend.demo import from_this_page
from tidewire.http.addresses import resolve_client

FROM_THE_PAGE = {"X-Tidewire-Demo": "1"}
IN_PRODUCTION = """
import django
django.setup()
from django.urls import Resolver404, resolve
for address in ("/", "/demo/logins", "/demo/restart", "/demo/assets/demo.js"):
    try:
        resolve(address)
    except Resolver404:
        continue
    raise SystemExit(f"{address} is there")
"""


def test_the_page_and_what_it_loads_are_served_and_nothing_beside_them(client):
    page = client.get("/")
    assert page.status_code == 200
    assert "default-src 'self'" in page["Content-Security-Policy"]
    html = b"".join(page.streaming_content).decode()
    assert "http://" not in html.replace("http://www.w3.org/2000/svg", "")
    assert client.get("/demo/assets/demo.js").status_code == 200
    assert client.get("/demo/assets/..%2F..%2Fpackage.json").status_code == 404


@pytest.fixture
def key(settings, tmp_path):
    """The key of a seeded demo."""
    settings.DATA_DIR = tmp_path
    (tmp_path / "demo_key.json").write_text('{"key": "the-key"}')
    (tmp_path / "demo_logins.json").write_text('{"alice@example.com": "secret"}')
    return "the-key"


def test_a_browser_that_opens_the_printed_address_gets_the_logins(client, key):
    entered = client.get(f"/demo/enter/{key}/")
    assert (entered.status_code, entered["Location"]) == (302, "/")
    cookie = entered.cookies["tidewire_demo"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/demo/")
    assert client.get("/demo/logins", headers=FROM_THE_PAGE).json() == {"alice@example.com": "secret"}


def test_no_other_key_opens_it(client, key):
    assert client.get("/demo/enter/another/").status_code == 404
    client.cookies["tidewire_demo"] = "another"
    assert client.get("/demo/logins", headers=FROM_THE_PAGE).status_code == 404


@pytest.mark.parametrize("address", ["/demo/logins", "/demo/restart"])
def test_only_the_page_on_this_machine_may_ask(client, key, address):
    ask = client.get if address.endswith("logins") else client.post
    assert ask(address, headers=FROM_THE_PAGE).status_code == 404  # also through a tunnel that writes our Host
    client.get(f"/demo/enter/{key}/")
    assert ask(address).status_code == 404
    assert ask(address, headers=FROM_THE_PAGE, REMOTE_ADDR="192.0.2.1").status_code == 404


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-forwarded-proto", "via", "cf-connecting-ip"])
def test_a_forwarded_request_is_refused_even_with_the_key(key, name):
    """As a tunnel on this machine forwards it."""
    headers = [(b"host", b"localhost"), (b"x-tidewire-demo", b"1"), (b"cookie", f"tidewire_demo={key}".encode())]
    scope = {"type": "http", "method": "GET", "path": "/demo/logins", "headers": headers, "client": ("127.0.0.1", 1)}
    view = from_this_page(lambda request: HttpResponse())

    assert view(ASGIRequest(resolve_client(scope, 0), BytesIO())).status_code == 200
    scope["headers"] = [*headers, (name.encode(), b"127.0.0.1")]
    with pytest.raises(Http404):
        view(ASGIRequest(resolve_client(scope, 0), BytesIO()))


def test_in_production_there_is_no_demo(tmp_path):
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "backend.settings",
        "TIDEWIRE_MODE": "production",
        "SECRET_KEY": "k" * 60,
        "JWT_SIGNING_KEY": "j" * 60,
        "ALLOWED_HOSTS": "example.com",
        "DATA_DIR": str(tmp_path),
    }
    subprocess.run(
        [sys.executable, "-c", IN_PRODUCTION], env=env, check=True, cwd=os.path.dirname(os.path.dirname(__file__))
    )
