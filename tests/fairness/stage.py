"""The server under attack: `manage.py serve` with the limits of production, directly or behind the sample nginx."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import QUOTAS, ROOT, Sites, wait_until_ready
from tests.rig.verify import program
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


@contextmanager
def stage(sites: Sites, folder: Path, size: str, front: str) -> Iterator[Stage]:
    """Starts a server of a size, "embedded" or "grown", behind a front, "serve" (none) or "nginx"."""
    with ExitStack() as closing:
        environment = dict(sites.make(size).environment)
        for name in QUOTAS:
            del environment[name]
        environment |= {"TRUSTED_PROXIES": "1", "MALLOC_ARENA_MAX": "2"}  # as in deploy/
        served = Served(environment, folder / f"{size}-{front}.log")
        served.start()
        closing.callback(served.terminate)
        url = served.url if front == "serve" else closing.enter_context(nginx(folder / f"{size}-nginx", served.port))
        victim, attacker = signed_in(url, "victim", ADDRESS_OF_VICTIM), signed_in(url, "attacker", ADDRESS_OF_ATTACKER)
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


def signed_in(url: str, name: str, address: str) -> Person:
    """Registers an account from an address, and signs in."""
    person = Person(url, name, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
    person.http.headers["X-Forwarded-For"] = address
    body = {"email": person.email, "name": person.name, "password": person.password}
    person.id = person.post("users/", body, signed=False)["id"]
    person.log_in()
    return person


@contextmanager
def nginx(folder: Path, *ports: int) -> Iterator[str]:
    """Runs nginx with deploy/nginx.conf before servers at these ports, without TLS. Yields its URL. The header
    X-Forwarded-For of a client takes the place of its address, because all clients here come from loopback."""
    folder.mkdir()
    own = servers.free_port()
    text = (ROOT / "deploy" / "nginx.conf").read_text()
    text = re.sub(r"ssl_certificate.*;|access_log .*;", "", text)
    text = re.sub(
        r"server 127\.0\.0\.1:8000(.*);",
        lambda found: " ".join(f"server 127.0.0.1:{port}{found[1]};" for port in ports),
        text,
    )
    text = re.sub(r"listen 443 ssl.*;", f"listen 127.0.0.1:{own};", text)
    text = re.sub(r"listen 80;", f"listen 127.0.0.1:{servers.free_port()};", text).replace("chat.example.com", "_")
    here = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;"
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "conf").write_text(
        f"daemon off; user root; pid {folder}/pid; error_log {folder}/error.log; "
        f"events {{ worker_connections 4096; }} http {{ access_log off; {temporary} {here} {text} }}"
    )
    command = [program("nginx", "nginx-light"), "-c", str(folder / "conf"), "-e", str(folder / "error.log")]
    process = servers.spawn(command, log=folder / "log", dies_by=15)
    try:
        wait_until_ready(f"http://127.0.0.1:{own}/healthz")
        yield f"http://127.0.0.1:{own}"
    finally:
        servers.end(process, 15)
