"""A reverse proxy that behaves, or misbehaves, as proxies in front of a server do."""

from __future__ import annotations

import re
import socket
import threading


class Proxy:
    """Listens on a free port, rewrites the headers of each request, and passes bytes on both ways.

    `adds_address`: it appends the client's address to X-Forwarded-For. `upgrades`: it passes Upgrade on. `host`: what
    it writes into Host; None keeps the client's.
    """

    def __init__(self, port: int, *, host: str | None = None, adds_address: bool = True, upgrades: bool = True) -> None:
        self._target, self._host, self._adds, self._upgrades = port, host, adds_address, upgrades
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        while True:
            try:
                client, (address, _) = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._pass_on, args=(client, address), daemon=True).start()

    def _pass_on(self, client: socket.socket, address: str) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(65536)
            if not part:
                return
            head += part
        with client, socket.create_connection(("127.0.0.1", self._target)) as server:
            server.sendall(self._rewritten(head.decode("latin-1"), address).encode("latin-1"))
            back = threading.Thread(target=_copy, args=(server, client), daemon=True)
            back.start()
            _copy(client, server)
            back.join()

    def _rewritten(self, head: str, address: str) -> str:
        if self._host is not None:
            head = re.sub(r"(?im)^host: .*?\r$", f"Host: {self._host}\r", head)
        if self._adds:
            before = re.search(r"(?im)^x-forwarded-for: (.*?)\r$", head)
            head = re.sub(r"(?im)^x-forwarded-for: .*?\r\n", "", head)
            hops = f"{before[1]}, {address}" if before else address
            head = head.replace("\r\n", f"\r\nX-Forwarded-For: {hops}\r\n", 1)
        if not self._upgrades:
            head = re.sub(r"(?im)^(upgrade|connection): .*?\r\n", "", head)
        elif "upgrade:" not in head.lower():
            head = re.sub(r"(?im)^connection: .*?\r\n", "", head).replace("\r\n", "\r\nConnection: close\r\n", 1)
        return head


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
