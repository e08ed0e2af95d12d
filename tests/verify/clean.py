"""Runs `make run` and `make test` as a new user would: in a fresh clone, with a new HOME and an empty environment.

Only the variables that lead to the package indexes are kept.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.rig import servers
from tests.rig.site import ROOT
from tests.rig.verify import figure

KEPT = ("PATH", "LANG", "TMPDIR", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
KEPT_PREFIXES = ("PIP_", "NPM_CONFIG_", "npm_config_", "http_proxy", "https_proxy", "no_proxy", "TEST_")
READY_SECONDS = 600.0


def main() -> int:
    folder = servers.temporary_folder("clean")
    clone, home = folder / "tidewire", folder / "home"
    home.mkdir()
    git = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)]
    if subprocess.run(git, check=False).returncode != 0:
        print("needs a git repository, because a revision is verified")
        return 1
    environment = clean_environment(home)
    return first_minutes(clone, environment) or make(clone, environment, "test")


def clean_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    return {**kept, "HOME": str(home)}


def first_minutes(clone: Path, environment: dict[str, str]) -> int:
    """Starts `make run` and signs in with a login of the demo. Returns 0 when that works."""
    port, began = servers.free_port(), time.monotonic()
    command = ["make", "run", f"PORT={port}"]
    running = subprocess.Popen(command, cwd=clone, env=environment, start_new_session=True)
    try:
        while not answers(f"http://127.0.0.1:{port}/readyz"):
            if running.poll() is not None or time.monotonic() - began > READY_SECONDS:
                print("make run does not come up")
                return 1
            time.sleep(0.5)
        took = time.monotonic() - began
        logins = json.loads((clone / "var" / "demo_logins.json").read_text())
        email, password = next(iter(logins.items()))
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/v1/token/",
            json.dumps({"email": email, "password": password}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            assert "access" in json.load(response)
        figure(f"`make run` in a fresh clone with a new HOME answered after {took:.0f} s, and a sign-in worked")
        return 0
    finally:
        os.killpg(running.pid, signal.SIGTERM)  # a group of its own: make, the shell and the server
        running.wait(60)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:
            return response.status == 200
    except OSError:
        return False


def make(clone: Path, environment: dict[str, str], target: str) -> int:
    began = time.monotonic()
    code = subprocess.run(["make", target], cwd=clone, env=environment, check=False).returncode
    minutes = (time.monotonic() - began) / 60
    figure(f"`make {target}` there: {'passed' if code == 0 else 'FAILED'} after {minutes:.1f} minutes")
    return code


if __name__ == "__main__":
    sys.exit(main())
