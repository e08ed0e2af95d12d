"""The server under attack: `manage.py serve` with the limits of production, directly or behind the sample nginx."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.rig.proxies import nginx
from tests.rig.rest import Person
from tests.rig.site import QUOTAS, Sites
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.served import Served, memory

ADDRESS_OF_VICTIM = "203.0.113.7"
ADDRESS_OF_ATTACKER = "198.51.100.9"


@dataclass(frozen=True)
class Target:
    """What an attacker knows: where the server is, its own address and account, a private room and a metric of its
    own. It can be sent to another process."""

    host: str
    port: int
    address: str
    email: str
    password: str
    token: str
    room: str
    metric: str
    redis: str = ""
    database: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@dataclass
class Stage:
    """A running server with a victim and an attacker in it."""

    name: str
    served: Served
    url: str
    victim: Person
    attacker: Person
    target: Target

    def memory(self) -> int:
        """Returns the resident bytes of the server process."""
        return memory(self.served.process)

    def processor_seconds(self) -> float:
        """Returns the processor time that the server process has taken."""
        times = psutil.Process(self.served.process.pid).cpu_times()
        return times.user + times.system

    def client(self) -> httpx.Client:
        """Returns a client of the server: over HTTP/2 where it has TLS."""
        return client(self.url, self.served)


@contextmanager
def stage(sites: Sites, folder: Path, size: str, front: str) -> Iterator[Stage]:
    """Starts a server of a size, "embedded" or "grown", behind a front: "nginx", or none, which is "serve" without and
    "tls" with encryption."""
    with ExitStack() as closing:
        environment = dict(sites.make(size).environment)
        for name in QUOTAS:
            del environment[name]
        environment |= {"TRUSTED_PROXIES": "1", "MALLOC_ARENA_MAX": "2"}  # as in deploy/
        kind = Encrypted if front == "tls" else Served
        served = kind(environment, folder / f"{size}-{front}.log")
        served.start()
        closing.callback(served.terminate)
        url = closing.enter_context(nginx(folder / f"{size}-nginx", served.port)) if front == "nginx" else served.url
        victim = signed_in(url, "victim", ADDRESS_OF_VICTIM, client(url, served))
        attacker = signed_in(url, "attacker", ADDRESS_OF_ATTACKER, client(url, served))
        closing.callback(victim.close)
        closing.callback(attacker.close)
        room = attacker.make_room("attacked", "public")
        dashboard = attacker.post("dashboards/", {"name": "attacked"})["id"]
        metric = attacker.post(f"dashboards/{dashboard}/metrics/", {"key": "load", "name": "load", "kind": "gauge"})
        target = Target(
            *("127.0.0.1", int(url.rpartition(":")[2])),
            *(ADDRESS_OF_ATTACKER, attacker.email, attacker.password, attacker.access, room, metric["id"]),
            *(environment.get("REDIS_URL", ""), environment.get("DATABASE_URL", "")),
        )
        yield Stage(f"{size}, {front}", served, url, victim, attacker, target)


def client(url: str, served: Served) -> httpx.Client:
    if isinstance(served, Encrypted):
        return served.client()
    return httpx.Client(base_url=url, timeout=30, trust_env=False)


def signed_in(url: str, name: str, address: str, http: httpx.Client) -> Person:
    """Registers an account from an address, and signs in."""
    person = Person(url, name, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
    person.http = http
    person.http.headers["X-Forwarded-For"] = address
    body = {"email": person.email, "name": person.name, "password": person.password}
    person.id = person.post("users/", body, signed=False)["id"]
    person.log_in()
    return person
