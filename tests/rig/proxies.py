"""The proxies of deploy/, run as programs with our files, without TLS: nginx, and Caddy."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT, wait_until_ready
from tests.rig.verify import program

NGINX, CADDY = ROOT / "deploy" / "nginx.conf", ROOT / "deploy" / "Caddyfile"
CADDY_VERSION = "v2.11.7"
BUILD_SECONDS = 1800
REAL_ADDRESS = "set_real_ip_from 127.0.0.0/8; real_ip_header X-Forwarded-For;"


@contextmanager
def nginx(folder: Path, *ports: int, has_clients_elsewhere: bool = True) -> Iterator[str]:
    """Runs nginx with deploy/nginx.conf before servers at these ports. Yields its URL.

    With `has_clients_elsewhere` the header X-Forwarded-For of a client takes the place of its address, because all
    clients of a test come from loopback.
    """
    folder.mkdir()
    own = servers.free_port()
    text = NGINX.read_text()
    text = re.sub(r"ssl_certificate.*;|access_log .*;", "", text)
    text = re.sub(
        r"server 127\.0\.0\.1:8000(.*);",
        lambda found: " ".join(f"server 127.0.0.1:{port}{found[1]};" for port in ports),
        text,
    )
    text = re.sub(r"listen 443 ssl.*;", f"listen 127.0.0.1:{own};", text)
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
        wait_until_ready(f"http://127.0.0.1:{own}/healthz")
        yield f"http://127.0.0.1:{own}"
    finally:
        servers.end(process, 15)


@contextmanager
def caddy(folder: Path, port: int) -> Iterator[str]:
    """Runs Caddy with deploy/Caddyfile before a server at this port. Yields its URL."""
    folder.mkdir()
    own, text = servers.free_port(), CADDY.read_text()
    assert "chat.example.com {" in text
    assert "127.0.0.1:8000 {" in text
    text = text.replace("chat.example.com {", f"http://127.0.0.1:{own}, http://chat.example.com:{own} {{")
    text = text.replace("127.0.0.1:8000 {", f"127.0.0.1:{port} {{")
    text = text.replace("{\n\tservers", "{\n\tadmin off\n\tservers", 1)
    (folder / "Caddyfile").write_text(text)
    environment = os.environ | {"XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = [caddy_program(), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    process = servers.spawn(command, log=folder / "log", cwd=folder, env=environment)
    try:
        wait_until_ready(f"http://127.0.0.1:{own}/healthz")
        yield f"http://127.0.0.1:{own}"
    finally:
        servers.end(process, signal.SIGTERM)


@cache
def caddy_program() -> str:
    """Returns the path of Caddy: that of the PATH, or one that Go builds."""
    if found := shutil.which("caddy"):
        return found
    folder = servers.temporary_folder("caddy")
    go = shutil.which("go", path=f"{os.environ.get('PATH', '')}:/usr/local/go/bin") or program("go", "golang")
    command = [go, "install", f"github.com/caddyserver/caddy/v2/cmd/caddy@{CADDY_VERSION}"]
    subprocess.run(command, env=os.environ | {"GOBIN": str(folder)}, check=True, timeout=BUILD_SECONDS)
    return str(folder / "caddy")


PROXIES: dict[str, Callable[[Path, int], AbstractContextManager[str]]] = {
    "nginx": lambda folder, port: nginx(folder, port, has_clients_elsewhere=False),
    "caddy": caddy,
}
"""{proxy: a function of a folder and of the server's port}. Their clients have the address of loopback."""
