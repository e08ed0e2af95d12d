"""Follows docs/installation.md in a clean Debian 12, and puts the site that comes of it under load.

    python -m tests.verify.installation [--base FOLDER] [--keep]

The root is made by `debootstrap`. Packages come over this machine's network; everything after runs in a network and a
process namespace of its own, so no port of this machine is used and nothing is left running. What the page leaves to
systemd is done here: the services are started, and the unit's ExecStart is run as its user. Needs root.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.site import ROOT
from tests.rig.verify import figure
from tests.verify.load import Load

PAGE, REPORT = ROOT / "docs" / "installation.md", ROOT / "docs" / "installation-report.md"
HOST = "chat.example.com"
ONLINE = ("packages", "user", "venv")
"""Blocks that need the network of this machine, or come before one that does."""
READY_SECONDS = 240.0
COPIED = ("/etc/resolv.conf", "/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")


class Root:
    """A clean root, and the blocks of the page that were run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []
        self._service: subprocess.Popen[bytes] | None = None

    def run(self, script: str) -> str:
        """Runs a script as root. Returns what it printed. Raises CalledProcessError, after printing it."""
        command = ["chroot", str(self.folder), "/bin/bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if done.returncode:
            print(done.stdout, flush=True)
            raise subprocess.CalledProcessError(done.returncode, script)
        return done.stdout

    def block(self, name: str, shown: int = 0) -> str:
        """Runs a block of the page, and notes that it ran, with the last `shown` lines that it printed."""
        (code,) = [block.code for block in blocks(PAGE) if block.key == "runs" and block.name == name]
        began = time.monotonic()
        printed = self.run(code)
        self.note(f"{name}: {time.monotonic() - began:.0f} s")
        self.lines += [f"    {line}" for line in printed.splitlines()[-shown:] if shown]
        return printed

    def note(self, line: str) -> None:
        print(line, flush=True)
        self.lines.append(line)

    # -- the service, as systemd runs it -------------------------------------------------------------------------------

    def start(self) -> None:
        unit = (self.folder / "etc/systemd/system/tidewire.service").read_text()
        command = re.search(r"(?m)^ExecStart=(.*)$", unit)
        user = re.search(r"(?m)^User=(.*)$", unit)
        folder = re.search(r"(?m)^WorkingDirectory=(.*)$", unit)
        assert command
        assert user
        assert folder
        script = "set -a; . /etc/tidewire/environment; set +a; ulimit -n 65536; "
        script += f"cd {folder[1]}; exec setpriv --reuid {user[1]} --regid {user[1]} --init-groups {command[1]}"
        log = (self.folder / "var/log/tidewire.log").open("ab")
        self._service = subprocess.Popen(
            ["chroot", str(self.folder), "/bin/bash", "-c", script], env=environment(), stdout=log, stderr=log
        )
        self.wait_until(self.is_ready, "the service is not ready")

    @property
    def service(self) -> subprocess.Popen[bytes]:
        assert self._service is not None
        return self._service

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        found = subprocess.run(
            ["pgrep", "--parent", str(self.service.pid), "--full", "supervisor-fd"],
            capture_output=True,
            text=True,
            check=False,
        )
        return {int(pid) for pid in found.stdout.split()}

    @staticmethod
    def is_ready() -> bool:
        """Asks the service itself, by its address."""
        try:
            with urllib.request.urlopen("http://127.0.0.1:8000/readyz", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def answers(self) -> int:
        """Returns the status of /readyz through nginx, or 0."""
        return Load(HOST, self.certificate).status("/readyz")

    @property
    def certificate(self) -> Path:
        return self.folder / f"etc/ssl/{HOST}.pem"

    def log(self) -> str:
        path = self.folder / "var/log/tidewire.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @staticmethod
    def wait_until(condition, what: str, seconds: float = READY_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise TimeoutError(what)
            time.sleep(0.1)


def environment() -> dict[str, str]:
    """A clean one, with what leads pip to its index."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("PIP_") and "FIND_LINKS" not in name}
    return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", **kept}


# -- the base, with the network of this machine ------------------------------------------------------------------------


def make(folder: Path, base: Path | None) -> Root:
    """Makes the root, and runs the blocks that need a network."""
    if base is not None:
        subprocess.run(["cp", "--archive", "--one-file-system", f"{base}/.", str(folder)], check=True)
    else:
        mirror = os.environ.get("DEBIAN_MIRROR", "http://deb.debian.org/debian")
        subprocess.run(["debootstrap", "--variant=minbase", "bookworm", str(folder), mirror], check=True)
    policy = folder / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n")  # packages start nothing while they are installed
    policy.chmod(0o755)
    root = Root(folder)
    for name in ONLINE:
        join_network(folder)
        if name == "venv":
            release(folder)
        root.block(name)
    return root


def join_network(folder: Path) -> None:
    """Gives the root what leads this machine to its mirrors. Before each block: packages bring files of their own."""
    for path in COPIED:
        if Path(path).exists():
            target = folder / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def release(folder: Path) -> None:
    """Puts this revision into the root, as a clone does."""
    archive = subprocess.run(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    subprocess.run(["tar", "--extract", "--directory", str(folder / "srv/tidewire")], input=archive, check=True)


# -- the site, in namespaces of its own --------------------------------------------------------------------------------


def certify(root: Root) -> None:
    """Makes a certificate for the host, which the root trusts; the host's name leads to the root itself."""
    with (root.folder / "etc/hosts").open("a") as hosts:
        hosts.write(f"127.0.0.1 localhost {HOST}\n")
    root.run(
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN={HOST} -addext subjectAltName=DNS:{HOST} "
        f"-keyout /etc/ssl/{HOST}.key -out /etc/ssl/{HOST}.pem 2>&1; "
        f"cat /etc/ssl/{HOST}.pem >> /etc/ssl/certs/ca-certificates.crt"
    )


def follow_the_page(root: Root) -> None:
    certify(root)
    root.run("service postgresql start; service redis-server start")
    for name in ("database", "manage", "tables", "units"):
        root.block(name)
    root.start()
    root.block("nginx")
    root.run("nginx")
    root.wait_until(lambda: root.answers() == 200, "nginx does not pass on")
    root.block("doctor", shown=20)
    root.block("timers")


def reload_under_load(root: Root, load: Load) -> None:
    before = root.workers()
    with load:
        root.block("release")
        root.service.send_signal(signal.SIGHUP)
        root.wait_until(
            lambda: len(root.workers() - before) == len(before) and not root.workers() & before, "no reload"
        )
    root.note(f"reload under load: {load.report()}; {len(before)} workers replaced")
    load.require_all()


def are_new(workers: set[int], before: set[int]) -> bool:
    return len(workers) == len(before) and not workers & before


def deploy_what_does_not_start(root: Root, load: Load) -> None:
    before = root.workers()
    urls = root.folder / "srv/tidewire/backend/urls.py"
    good = urls.read_text()
    urls.write_text(good + "\nraise RuntimeError('a broken release')\n")
    logged = len(root.log())
    with load:
        root.service.send_signal(signal.SIGHUP)
        root.wait_until(lambda: "a broken release" in root.log()[logged:], "the broken release was not tried")
        load.wait(200)
    root.note(f"a broken release under load: {load.report()}; the same {len(before)} workers serve")
    assert root.workers() == before
    load.require_all()
    urls.write_text(good)


def drain(root: Root, load: Load) -> None:
    began = time.monotonic()
    with load:
        load.wait(50)
        root.service.send_signal(signal.SIGTERM)
        load.stop_at_first_refusal()
        code = root.service.wait(60)
    root.note(f"drain under load: status {code} after {time.monotonic() - began:.1f} s; {load.report()}")
    assert code == 0
    stored = root.run("tidewire-manage shell --verbosity 0 --command " + repr(load.count_code()))
    root.note(f"stored: {stored.strip()}; answered: {load.answered}")
    assert int(stored) == load.answered


def restore(root: Root) -> None:
    root.block("restore", shown=1)
    root.start()
    root.wait_until(lambda: root.answers() == 200, "nginx does not pass on")
    printed = root.block("doctor", shown=1)
    assert "0 errors" in printed


def inside(root: Root) -> None:
    """Runs in the namespaces. Ends what it started: with this process, its namespace ends."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    follow_the_page(root)
    load = Load(HOST, root.certificate, sign_in(root))
    load.make_room()
    for work in (reload_under_load, deploy_what_does_not_start, drain):
        load.token = sign_in(root)
        work(root, load)
    restore(root)
    write_report(root)


def sign_in(root: Root) -> str:
    """Returns a token, which lives for five minutes."""
    return root.run("tidewire-manage token admin@example.com").split()[-1]


def write_report(root: Root) -> None:
    code = [block.code for block in blocks(PAGE) if block.key == "runs"]
    lines = [
        "# Installation report",
        "",
        "Written by `python -m tests.verify.installation` (a step of `make verify`); not edited. It follows",
        "[the installation page](installation.md) in a clean Debian 12, behind the nginx of Debian 12.",
        "Four writers send each message once; their counts go on from line to line. Indented lines were printed.",
        "",
        "```text",
        *root.lines,
        "```",
        "",
        f"Fingerprint of the page's commands: `{fingerprint(code)}`.",
    ]
    REPORT.write_text("\n".join(lines) + "\n")
    for line in root.lines:
        if not line.startswith(" "):
            figure(line)


def fingerprint(code: list[str]) -> str:
    """Returns what shows that a report is of these commands."""
    import hashlib  # of this one line

    return hashlib.sha256("\n".join(code).encode()).hexdigest()[:16]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.verify.installation", description=__doc__)
    parser.add_argument("--base", type=Path, help="A root that debootstrap has made, instead of a new one.")
    parser.add_argument("--prepared", type=Path, help="A root in which the blocks that need a network were run.")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        root = Root(arguments.inside)
        root.lines = (arguments.inside / "lines").read_text().splitlines()
        try:
            inside(root)
        except BaseException:
            print(root.log()[-5000:], flush=True)
            raise
        return 0
    if os.getuid() != 0 or not shutil.which("debootstrap"):
        print("needs root, and the package debootstrap")
        return 1
    folder = servers.temporary_folder("installation") / "root"
    folder.mkdir()
    if arguments.prepared:
        subprocess.run(["cp", "--archive", f"{arguments.prepared}/.", str(folder)], check=True)
        release(folder)
    else:
        root = make(folder, arguments.base)
        (folder / "lines").write_text("\n".join(root.lines))
    script = f'mount -t proc proc {folder}/proc; mount --bind /dev {folder}/dev; exec "$@"'
    namespaces = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    again = [sys.executable, "-m", "tests.verify.installation", "--inside", str(folder)]
    return subprocess.run([*namespaces, "bash", "-euc", script, "bash", *again], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
