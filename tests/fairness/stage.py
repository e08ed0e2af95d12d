"""The server under attack: `manage.py serve` with the limits of production, directly or behind the sample nginx."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from tests.rig import addresses
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
    own. `source` is the address of this machine that it connects from, `address` what a proxy says of it; one of them
    is "". It can be sent to another process."""

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
    source: str = ""

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
    has_proxy: bool

    def forwarded(self, address: str) -> str:
        """Returns the address that a proxy says a client has, "" where there is none."""
        return address if self.has_proxy else ""

    def memory(self) -> int:
        """Returns the resident bytes of the server process."""
        return memory(self.served.process)

    def processor_seconds(self) -> float:
        """Returns the processor time that the server process has taken."""
        times = psutil.Process(self.served.process.pid).cpu_times()
        return times.user + times.system

    def client(self) -> httpx.Client:
        """Returns a client of the server with the victim's address: over HTTP/2 where it has TLS."""
        return client(self.url, self.served, "" if self.has_proxy else ADDRESS_OF_VICTIM)


@contextmanager
def stage(sites: Sites, folder: Path, size: str, front: str) -> Iterator[Stage]:
    """Starts a server of a size, "embedded" or "grown", behind a front: "nginx", or none, which is "serve" without and
    "tls" with encryption.

    A server that ends TLS has no proxy, so its clients connect from addresses of their own. Where this machine does not
    allow that, and with the other fronts, the server trusts one proxy, whose word the clients write themselves; then
    limits that count connections by their address, such as the budgets of HTTP/2's frames, do not count.
    """
    with ExitStack() as closing:
        has_proxy = front != "tls" or not addresses.can_be_added()
        if not has_proxy:
            closing.enter_context(addresses.added(ADDRESS_OF_VICTIM, ADDRESS_OF_ATTACKER))
        environment = dict(sites.make(size).environment)
        for name in QUOTAS:
            del environment[name]
        environment |= {"TRUSTED_PROXIES": str(int(has_proxy)), "MALLOC_ARENA_MAX": "2"}  # as in deploy/
        kind = Encrypted if front == "tls" else Served
        served = kind(environment, folder / f"{size}-{front}.log")
        served.start()
        closing.callback(served.terminate)
        url = closing.enter_context(nginx(folder / f"{size}-nginx", served.port)) if front == "nginx" else served.url
        people: list[Person] = []
        for name, address in (("victim", ADDRESS_OF_VICTIM), ("attacker", ADDRESS_OF_ATTACKER)):
            forwarded, source = (address, "") if has_proxy else ("", address)
            people.append(signed_in(url, name, forwarded, client(url, served, source)))
        victim, attacker = people
        closing.callback(victim.close)
        closing.callback(attacker.close)
        room = attacker.make_room("attacked", "public")
        dashboard = attacker.post("dashboards/", {"name": "attacked"})["id"]
        metric = attacker.post(f"dashboards/{dashboard}/metrics/", {"key": "load", "name": "load", "kind": "gauge"})
        target = Target(
            *("127.0.0.1", int(url.rpartition(":")[2])),
            ADDRESS_OF_ATTACKER if has_proxy else "",
            *(attacker.email, attacker.password, attacker.access, room, metric["id"]),
            *(environment.get("REDIS_URL", ""), environment.get("DATABASE_URL", "")),
            "" if has_proxy else ADDRESS_OF_ATTACKER,
        )
        yield Stage(f"{size}, {front}", served, url, victim, attacker, target, has_proxy)


def client(url: str, served: Served, source: str = "") -> httpx.Client:
    if isinstance(served, Encrypted):
        return served.client(source=source)
    return httpx.Client(base_url=url, timeout=30, trust_env=False)


def signed_in(url: str, name: str, address: str, http: httpx.Client) -> Person:
    """Registers an account, from an address if a proxy says so, and signs in."""
    person = Person(url, name, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
    person.http = http
    person.http.headers.update({"X-Forwarded-For": address} if address else {})
    body = {"email": person.email, "name": person.name, "password": person.password}
    person.id = person.post("users/", body, signed=False)["id"]
    person.log_in()
    return person
