"""Says when we are ready and when we end: to systemd (Type=notify), and to the supervisor that started this worker."""

from __future__ import annotations

import os
import socket

READY = b"R"


def tell_systemd(state: str) -> None:
    """`READY=1` or `STOPPING=1`. Nothing happens where no systemd asks."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # Linux's abstract names
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifying:
        try:
            notifying.sendto(state.encode(), address)
        except OSError:  # whoever asked is gone
            return
