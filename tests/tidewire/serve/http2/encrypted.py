"""A running `manage.py serve` with TLS, and people who use it over HTTP/2."""

from __future__ import annotations

import secrets
import ssl
from pathlib import Path

import httpx

from tests.rig.rest import Person
from tests.rig.site import Environment
from tests.tidewire.serve.served import Served


def trusting(certificate: Path) -> ssl.SSLContext:
    """Returns a context that trusts this certificate, and no other."""
    return ssl.create_default_context(cafile=str(certificate))


class Encrypted(Served):
    """`manage.py serve --tls-dev`, or with the TLS arguments that are given."""

    def __init__(self, environment: Environment, log: Path, *arguments: str, certificate: Path | None = None) -> None:
        super().__init__(environment, log, *(arguments or ("--tls-dev",)))
        self.url = f"https://localhost:{self.port}"
        self.ws_url = f"wss://localhost:{self.port}/connection/websocket"
        self.certificate = certificate or Path(environment["DATA_DIR"]) / "development-certificate.pem"

    def is_ready(self) -> bool:
        try:
            return self.client().get("/readyz").status_code == 200
        except (httpx.TransportError, OSError):  # not listening yet, or no certificate yet
            return False

    def client(self, http2: bool = True, source: str = "") -> httpx.Client:
        """Returns a client that connects from the address `source` of this machine."""
        transport = httpx.HTTPTransport(
            verify=trusting(self.certificate),
            http2=http2,
            http1=not http2,
            trust_env=False,
            local_address=source or None,
        )
        return httpx.Client(base_url=self.url, transport=transport, timeout=15, trust_env=False)

    def person(self, name: str) -> Person:
        """Returns a new account that uses the server over HTTP/2."""
        person = Person(self.url, name, f"{name}-{secrets.token_hex(4)}@example.com", secrets.token_urlsafe(16))
        person.http = self.client()
        body = {"email": person.email, "name": person.name, "password": person.password}
        person.id = person.post("users/", body, signed=False)["id"]
        person.log_in()
        return person
