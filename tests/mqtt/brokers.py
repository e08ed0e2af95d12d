"""Real brokers for tests: the one of the development environment, and Mosquitto."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT

EMBEDDED, MOSQUITTO = "embedded", "mosquitto"
KIND = os.environ.get("MQTT_BROKER", EMBEDDED)
READY_SECONDS = 60.0


class Broker:
    """A broker on a free port, which decides by the files in `folder/mqtt`. It can be killed and started again."""

    def __init__(self, kind: str, folder: Path) -> None:
        self.kind, self.folder, self.port = kind, folder, servers.free_port()
        self.files, self.log = folder / "mqtt", folder / "broker.log"
        self.files.mkdir(exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self._pid = folder / "broker.pid"

    @property
    def settings(self) -> dict[str, str]:
        """The environment of a bridge to this broker."""
        found = {"MQTT_PORT": str(self.port), "MQTT_FILES": str(self.files), "MQTT_SAVE_SECONDS": "4"}
        if self.kind == MOSQUITTO:
            return {**found, "MQTT_PROTOCOL": "5", "MQTT_RELOAD": f'sh -c "kill -HUP $(cat {self._pid}) || true"'}
        return {**found, "MQTT_PROTOCOL": "3.1.1", "MQTT_RELOAD": ""}

    def start(self) -> None:
        """Starts the broker and waits until it listens. Mosquitto wants files to begin with."""
        for name in ("passwords", "acl"):
            (self.files / name).touch()
        self.process = servers.spawn(self._command(), log=self.log, cwd=ROOT)
        self._pid.write_text(str(self.process.pid))
        deadline = time.monotonic() + READY_SECONDS
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise servers.ServerError(f"the broker does not listen:\n{servers.tail(self.log)}")
            time.sleep(0.02)

    def kill(self) -> None:
        assert self.process is not None
        servers.end(self.process, signal.SIGKILL)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _command(self) -> list[str]:
        if self.kind == EMBEDDED:
            arguments = ["--port", str(self.port), "--files", str(self.files)]
            return [str(ROOT / ".venv-broker/bin/python"), str(ROOT / "scripts/mqtt_broker.py"), *arguments]
        program = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            raise servers.ServerError(
                "there is no mosquitto on the PATH; on Debian and Ubuntu: apt-get install mosquitto"
            )
        configuration = self.folder / "mosquitto.conf"
        configuration.write_text(
            f"listener {self.port} 127.0.0.1\nuser root\nallow_anonymous false\n"
            f"password_file {self.files}/passwords\nacl_file {self.files}/acl\n"
            f"persistence true\npersistence_location {self.folder}/\nautosave_interval 1\n"
            "max_queued_messages 0\nlog_type all\n"
        )
        return [program, "-c", str(configuration)]
