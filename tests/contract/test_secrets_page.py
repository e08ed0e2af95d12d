"""The commands of docs/secrets.md, on a PostgreSQL and a Redis of their own: every secret is replaced, and all goes on.

They are those of a machine that was installed by docs/installation.md. What a test may not do is stood in for: the file
of the environment lies elsewhere, and `runuser`, `chgrp` and `tidewire-manage` are scripts.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.site import ROOT, Sites, child_environment

PAGE = ROOT / "docs" / "secrets.md"
RUN = {block.name: block.code for block in blocks(PAGE) if block.key == "runs"}
FILE = "/etc/tidewire/environment"
ROLE = "tidewire_site"
"""In the place of `tidewire`, which the tests' PostgreSQL has for itself."""
SEALED = """
from tidewire.webhooks import secrets
from tidewire.webhooks.tables import WebhookEndpoint, WebhookSecret
from django.utils import timezone
endpoint, made = WebhookEndpoint.objects.get_or_create(owner="1", defaults={"scanned_at": timezone.now()})
if made:
    WebhookSecret.objects.create(endpoint=endpoint, sealed=secrets.seal("whsec_of_before"), last4="fore")
sealed = WebhookSecret.objects.get().sealed
print(secrets.unseal(sealed), secrets.is_sealed_anew(sealed))
"""


class Machine:
    """The stand-ins, and a site that is configured by a file."""

    def __init__(self, folder: Path, database_url: str, admin_url: str, redis_server: servers.Redis) -> None:
        self.file, self._programs, self._redis = folder / "environment", folder / "programs", redis_server
        self._data = child_environment(folder)
        self.file.write_text(
            f"SECRET_KEY={'s' * 40}\nJWT_SIGNING_KEY={'j' * 40}\nMETRICS_TOKEN=metrics\n"
            f"DATABASE_URL={database_url}\nREDIS_URL={redis_server.url}\n"
        )
        self._programs.mkdir()
        admin, postgresql = urlsplit(admin_url), servers.find_postgresql().folder
        psql = f"PGPASSWORD={admin.password} exec {postgresql}/psql -h 127.0.0.1 -p {admin.port} -U {admin.username}"
        self._stand_in("runuser", f"{psql} -v ON_ERROR_STOP=1 --quiet {admin.path.lstrip('/')}")
        self._stand_in("chgrp", "exit 0")
        self._stand_in("redis-cli", f'exec {redis_cli()} -p {redis_server.port} "$@"')
        manage = f'set -a; . {self.file}; cd {ROOT}; exec {sys.executable} manage.py "$@"'
        self._stand_in("tidewire-manage", manage)

    def _stand_in(self, name: str, script: str) -> None:
        path = self._programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, name: str) -> str:
        """Runs a block of the page; returns what it printed."""
        code = RUN[name].replace(FILE, str(self.file)).replace("CONFIG REWRITE", "PING")  # this Redis has no file
        return self.bash(code.replace("ROLE tidewire ", f"ROLE {ROLE} ").replace("//tidewire:", f"//{ROLE}:"))

    def bash(self, code: str) -> str:
        environment = {**self._data, "PATH": f"{self._programs}:{self._data['PATH']}"}
        done = subprocess.run(["bash", "-euc", code], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "ERR" not in done.stdout, done.stdout  # of redis-cli
        return done.stdout

    def shell(self, code: str) -> str:
        return self.bash(f"tidewire-manage shell --verbosity 0 --command {shlex.quote(code)}").strip()

    def value(self, name: str) -> str:
        found = [line.partition("=")[2] for line in self.file.read_text().splitlines() if line.startswith(f"{name}=")]
        assert len(found) == 1, name
        return found[0]


def redis_cli() -> Path:
    return servers.find_redis().folder / "redis-cli"


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    sites = Sites(servers.temporary_folder("secrets"))
    site = sites.make("grown", processes=0, own_redis=True)
    assert site.postgresql is not None
    url = urlsplit(site.environment["DATABASE_URL"])
    name = url.path.lstrip("/")
    for statement in (
        f"DROP ROLE IF EXISTS {ROLE}",
        f"CREATE ROLE {ROLE} SUPERUSER LOGIN PASSWORD 'of-before'",
    ):
        site.postgresql.execute(statement)
    database_url = f"postgres://{ROLE}:of-before@127.0.0.1:{url.port}/{name}"
    yield Machine(tmp_path, database_url, site.postgresql.url, site.redis)
    site.stop()
    sites.stop()


def test_every_block_is_run_here() -> None:
    assert set(RUN) == {
        *("make", "permissions", "secret-key", "seal", "jwt-key", "metrics-token", "database-password"),
        *("redis-password", "redis-password-only"),
    }


def test_no_secret_is_in_a_command_line() -> None:
    """On the pages for a server. What is between `<<END` and `END` is standard input; `echo` is a part of the shell."""
    shell = [
        (page.name, block.name, block.code)
        for page in (ROOT / "docs").glob("*.md")
        for block in blocks(page)
        if block.language in ("sh", "bash") and ("/etc/tidewire" in block.code or page == PAGE)
    ]
    assert {page for page, _, _ in shell} >= {"installation.md", "secrets.md"}
    for page, name, code in shell:
        given = False
        for line in code.splitlines():
            given = not line.startswith("END") and (given or "<<" in line)
            is_shown = re.search(r"\$(new|old|password|\w+PASSWORD)\b", line)
            is_read = given and "<<" not in line
            assert not is_shown or is_read or line.lstrip().startswith("echo "), (page, name, line)


@pytest.mark.verify
def test_every_secret_is_replaced_and_the_site_goes_on(machine: Machine) -> None:
    before = machine.file.read_text().splitlines()
    assert len(machine.run("make").strip()) == 64
    assert machine.shell(SEALED) == "whsec_of_before True"

    machine.run("secret-key")
    assert machine.value("SECRET_KEY_FALLBACKS") == "s" * 40
    assert machine.shell(SEALED) == "whsec_of_before False"  # sealed with the key of before, which is known
    machine.run("seal")
    assert machine.shell(SEALED) == "whsec_of_before True"

    machine.run("jwt-key")
    assert machine.value("JWT_SIGNING_KEY_FALLBACKS") == "j" * 40
    machine.run("metrics-token")

    old = machine.value("DATABASE_URL")
    machine.run("database-password")
    psycopg.connect(machine.value("DATABASE_URL")).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(old)

    old = machine.value("REDIS_URL")
    machine.run("redis-password")
    machine.run("redis-password-only")
    assert redis.Redis.from_url(machine.value("REDIS_URL")).ping()
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(old).ping()

    assert machine.shell(SEALED) == "whsec_of_before True"  # and the settings read all of it
    after = machine.file.read_text().splitlines()
    assert set(before) & set(after) == set()
    assert stat.S_IMODE(os.stat(machine.file).st_mode) == 0o640
    assert machine.run("permissions").strip() == "root:root 640"
