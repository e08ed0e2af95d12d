"""The proxies of deploy/, run as programs with our files, with TLS or without: nginx, and Caddy."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from tests.rig import servers
from tests.rig.site import ROOT, wait_until_ready
from tests.rig.verify import built_by_go, program
from tidewire.serve.tls.certificates import Certificate

NGINX, CADDY = ROOT / "deploy" / "nginx.conf", ROOT / "deploy" / "Caddyfile"
CADDY_VERSION = "v2.11.7"
REAL_ADDRESS = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;"


@contextmanager
def nginx(
    folder: Path, *ports: int, has_clients_elsewhere: bool = True, pair: Certificate | None = None
) -> Iterator[str]:
    """Runs nginx with deploy/nginx.conf before servers at these ports. Yields its URL. With a certificate for localhost
    it has TLS and HTTP/2, as the file says, and without neither.

    With `has_clients_elsewhere` the header X-Forwarded-For of a client takes the place of its address, because all
    clients of a test come from loopback.
    """
    folder.mkdir()
    own = servers.free_port()
    text = NGINX.read_text()
    text = re.sub(r"access_log .*;", "", text)
    if pair is None:
        text = re.sub(r"ssl_certificate.*;", "", text)
        text = re.sub(r"listen 443 ssl.*;", f"listen 127.0.0.1:{own};", text)
    else:
        text = re.sub(r"ssl_certificate +.*;", f"ssl_certificate {pair.chain};", text)
        text = re.sub(r"ssl_certificate_key .*;", f"ssl_certificate_key {pair.key};", text)
        text = text.replace("listen 443", f"listen 127.0.0.1:{own}")
    text = re.sub(
        r"server 127\.0\.0\.1:8000(.*);",
        lambda found: " ".join(f"server 127.0.0.1:{port}{found[1]};" for port in ports),
        text,
    )
    text = re.sub(r"listen 80;", f"listen 127.0.0.1:{servers.free_port()};", text).replace("chat.example.com", "_")
    here = REAL_ADDRESS if has_clients_elsewhere else ""
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
        yield _ready(own, pair)
    finally:
        servers.end(process, 15)


@contextmanager
def caddy(folder: Path, port: int, pair: Certificate | None = None) -> Iterator[str]:
    """Runs Caddy with deploy/Caddyfile before a server at this port. Yields its URL. With a certificate for localhost
    it has TLS, and so HTTP/2."""
    folder.mkdir()
    own, text = servers.free_port(), CADDY.read_text()
    assert "chat.example.com {" in text
    assert "127.0.0.1:8000 {" in text
    if pair is None:
        text = text.replace("chat.example.com {", f"http://127.0.0.1:{own}, http://chat.example.com:{own} {{")
    else:
        here = f"https://localhost:{own} {{\n\tbind 127.0.0.1\n\ttls {pair.chain} {pair.key}"
        text = text.replace("chat.example.com {", here).replace(
            "{\n\tservers", "{\n\tauto_https disable_redirects\n\tservers", 1
        )
    text = text.replace("127.0.0.1:8000 {", f"127.0.0.1:{port} {{")
    text = text.replace("{\n\tservers", "{\n\tadmin off\n\tservers", 1)
    (folder / "Caddyfile").write_text(text)
    environment = os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [caddy_program(), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    process = servers.spawn(command, log=folder / "log", cwd=folder, env=environment)
    try:
        yield _ready(own, pair)
    finally:
        servers.end(process, signal.SIGTERM)


def _ready(port: int, pair: Certificate | None) -> str:
    """Waits until the server answers through the proxy at this port; returns the proxy's URL."""
    url = f"https://localhost:{port}" if pair else f"http://127.0.0.1:{port}"
    wait_until_ready(f"{url}/healthz", certificate=pair.chain if pair else None)
    return url


def caddy_program() -> str:
    """Returns the path of Caddy: that of the PATH, or one that Go builds."""
    return built_by_go("caddy", f"github.com/caddyserver/caddy/v2/cmd/caddy@{CADDY_VERSION}")


class Proxy(Protocol):
    """Runs a proxy before a server at this port, with TLS where it has a certificate. Its clients have the address of
    loopback."""

    def __call__(self, folder: Path, port: int, pair: Certificate | None = None) -> AbstractContextManager[str]: ...


PROXIES: dict[str, Proxy] = {
    "nginx": lambda folder, port, pair=None: nginx(folder, port, has_clients_elsewhere=False, pair=pair),
    "caddy": caddy,
}
