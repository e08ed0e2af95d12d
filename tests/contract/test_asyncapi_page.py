"""The socket's page and documents, as they are served."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from tests.contract.test_asyncapi import PATH, committed
from tests.factories import make_user

PAGE = "/api/asyncapi/"


@pytest.mark.parametrize(
    ("address", "kind"), [("yaml", "application/yaml; charset=utf-8"), ("json", "application/json")]
)
def test_the_served_document_is_the_committed_one(client, address, kind):
    response = client.get(f"/api/asyncapi.{address}")
    assert response["Content-Type"] == kind
    if address == "yaml":
        assert response.content.decode() == PATH.read_text(encoding="utf-8")
    else:
        assert response.json() == committed()


def test_every_message_is_on_the_page(client):
    page = client.get(PAGE).content.decode()
    shown = set(re.findall(r'aria-label="Copy the example of ([\w.]+)"', page))
    assert shown == set(committed()["components"]["messages"]) - {"client.pong"}


def test_the_page_needs_no_other_host_and_no_inline_script(client):
    response = client.get(PAGE)
    page = response.content.decode()
    assert "default-src 'none'; script-src 'self'" in response["Content-Security-Policy"]
    assert "unsafe" not in response["Content-Security-Policy"]
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", page) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert re.match(r"/static/tidewire/|#|\.\./asyncapi\.|codes/\d+/$|data:,$", address), address
    for name in re.findall(r"/static/(tidewire/[\w.]+)", page):
        assert not re.search(r"https?:/|@import|url\(", Path(finders.find(name)).read_text(encoding="utf-8")), name


def test_in_production_the_page_is_for_staff(client, settings, db):
    settings.IS_PRODUCTION = True
    response = client.get(PAGE)
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/?next=")
    client.force_login(make_user("bob"))
    assert client.get(PAGE).status_code == 302
    client.force_login(make_user("alice", is_staff=True))
    assert client.get(PAGE).status_code == 200


def test_the_documents_are_public_in_production(client, settings):
    settings.IS_PRODUCTION = True
    assert client.get("/api/asyncapi.yaml").status_code == 200


def test_the_page_takes_no_posts(client):
    assert client.post(PAGE).status_code == 405
