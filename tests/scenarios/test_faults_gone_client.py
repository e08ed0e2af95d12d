"""A client that goes away in the middle of its POST: what it wrote is delivered, once."""

import json
import socket
import sqlite3
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests.rig.rest import API, Person, channel
from tests.rig.site import Site
from tests.rig.verify import IS_VERIFY
from tests.scenarios.conftest import MakeClient, People, follow
from tests.scenarios.copies import texts

pytestmark = pytest.mark.parametrize("sdk", ["js", "py"] if IS_VERIFY else ["js"], indirect=True)
TEXT = "posted without waiting for the answer"


@contextmanager
def writers_wait(site: Site, room: str) -> Iterator[None]:
    """Keeps writes to this room from committing while the block runs."""
    if site.size == "embedded":
        connection = sqlite3.connect(Path(site.environment["DATA_DIR"]) / "tidewire.sqlite3", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            connection.execute("ROLLBACK")
            connection.close()
        return
    with psycopg.connect(site.environment["DATABASE_URL"]) as postgresql:
        postgresql.execute("SELECT 1 FROM tidewire_stream WHERE name = %s FOR UPDATE", [channel(room)])
        yield


def post_and_leave(site: Site, person: Person, room: str, meanwhile: float) -> None:
    """Sends the whole request, waits `meanwhile` seconds, and resets the connection without reading the answer."""
    body = json.dumps({"text": TEXT}).encode()
    head = [
        f"POST {API}rooms/{room}/messages/ HTTP/1.1",
        f"Host: 127.0.0.1:{site.server.port}",
        f"Authorization: Bearer {person.access}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        time.sleep(meanwhile)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_what_was_sent_in_full_is_delivered_once(site: Site, people: People, room: str, sdk: MakeClient) -> None:
    alice, bob, _ = people
    client = sdk()
    follow(client, site.servers[-1].ws_url, bob, room)

    with writers_wait(site, room):
        post_and_leave(site, alice, room, meanwhile=0.5)
        time.sleep(0.3)
        assert client.publications(channel(room)) == []

    client.wait_for_type(channel(room), "message.created")
    alice.say(room, "and then")
    client.wait_for("publication", channel(room), where=lambda event: event.data["data"].get("text") == "and then")
    assert texts(client.publications(channel(room))) == [TEXT, "and then"]
    assert [message["text"] for message in alice.messages(room)[0]] == ["and then", TEXT]


def test_what_was_cut_off_in_the_body_never_happened(site: Site, people: People, sdk: MakeClient) -> None:
    alice, *_ = people
    room = alice.make_room()
    client = sdk()
    follow(client, site.servers[-1].ws_url, alice, room)
    head = [
        f"POST {API}rooms/{room}/messages/ HTTP/1.1",
        f"Host: 127.0.0.1:{site.server.port}",
        f"Authorization: Bearer {alice.access}",
        "Content-Type: application/json",
        "Content-Length: 500",
    ]
    with socket.create_connection(("127.0.0.1", site.server.port), timeout=10) as connection:
        connection.sendall("\r\n".join([*head, "", '{"text": "half of it"']).encode())
        time.sleep(0.3)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    alice.say(room, "whole")
    client.wait_for_type(channel(room), "message.created")
    assert texts(client.publications(channel(room))) == ["whole"]
