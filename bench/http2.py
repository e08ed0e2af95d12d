"""What a request costs the server over HTTP/1.1, over HTTP/1.1 with TLS, and over HTTP/2: its processor time, with the
same requests on one connection each, in turns.

    python -m bench.http2
"""

from __future__ import annotations

import statistics
from collections.abc import Callable

import httpx
import psutil

from tests.rig import servers
from tests.rig.site import Sites
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.served import Served

ROUNDS, REQUESTS = 12, 100
PATHS = {"`/healthz`, no view": "/healthz", "`me/`": "/api/v1/me/", "a page of 50 rooms": "/api/v1/rooms/?limit=50"}


def main() -> None:
    folder = servers.temporary_folder("http2")
    sites = Sites(folder)
    site = sites.make("embedded")
    plain = Served(site.environment, site.folder / "plain.log")
    encrypted = Encrypted(site.environment, site.folder / "encrypted.log")
    site.servers = [plain, encrypted]
    site.start()
    try:
        person = site.person("alice")
        for number in range(50):
            person.make_room(f"room {number}")
        ways = {
            "HTTP/1.1": (plain, httpx.Client(base_url=plain.url, timeout=30, trust_env=False)),
            "HTTP/1.1, TLS": (encrypted, encrypted.client(http2=False)),
            "HTTP/2": (encrypted, encrypted.client()),
        }
        print(f"| answer | {' | '.join(f'{way}, ms' for way in ways)} |\n|---|{'--:|' * len(ways)}")
        for name, path in PATHS.items():
            asks = {way: _asker(http, path, person.access) for way, (_, http) in ways.items()}
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for number in range(ROUNDS + 1):
                for way, (server, _) in ways.items():
                    cost = _cost(server, asks[way])
                    if number:  # the first warms up
                        taken[way].append(cost)
            print(f"| {name} | {' | '.join(f'{statistics.median(taken[way]):.2f}' for way in ways)} |", flush=True)
    finally:
        site.stop()
        sites.stop()


def _asker(http: httpx.Client, path: str, token: str) -> Callable[[], None]:
    def ask() -> None:
        http.get(path, headers={"Authorization": f"Bearer {token}"}).raise_for_status()

    return ask


def _cost(server: Served, ask: Callable[[], None]) -> float:
    """Returns the milliseconds of processor time that a request took the server."""
    process = psutil.Process(server.process.pid)
    before = process.cpu_times()
    for _ in range(REQUESTS):
        ask()
    after = process.cpu_times()
    return (after.user - before.user + after.system - before.system) * 1000 / REQUESTS


if __name__ == "__main__":
    main()
