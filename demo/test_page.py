"""What of the demo a server answers, to whom, and that a production server answers none of it.

python -m pytest demo
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

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


@pytest.mark.parametrize("address", ["/demo/logins", "/demo/restart"])
def test_only_the_page_on_this_machine_may_ask(client, address):
    ask = client.get if address.endswith("logins") else client.post
    assert ask(address).status_code == 404
    assert ask(address, headers=FROM_THE_PAGE, REMOTE_ADDR="192.0.2.1").status_code == 404


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
