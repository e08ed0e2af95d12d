"""`manage.py doctor` names what is wrong with each of the set-ups that are broken on purpose, and what to do about it.

Each is a process of its own, with the environment of a service, beside real servers.
"""

from __future__ import annotations

import http.server
import json
import os
import re
import resource
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.db import connections
from django.db.backends.sqlite3.base import DatabaseWrapper

from tests.rig import servers
from tests.rig.site import ROOT, Site, Sites, child_environment, run_manage
from tests.tidewire.diagnosis.proxy import Proxy
from tests.tidewire.serve.http2.encrypted import Encrypted
from tidewire.diagnosis.doctor import stores
from tidewire.serve.tls import development

pytestmark = [pytest.mark.slow, pytest.mark.own_database]

HOST = "chat.test"


@dataclass
class SetUp:
    """The environment of a service in production, without a fault until a test makes one."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    files: int | None = None

    def doctor(self, *arguments: str) -> tuple[int, str]:
        """Returns the exit code and what was printed."""

        def limit() -> None:
            if self.files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))

        command = [sys.executable, "manage.py", "doctor", *self.arguments, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False, preexec_fn=limit
        )
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode < 2, done.stderr
        return done.returncode, done.stdout

    def errors(self, *arguments: str) -> list[tuple[str, str]]:
        """Returns (subject, text) of each error. Each has a remedy."""
        code, printed = self.doctor(*arguments)
        found = re.findall(r"(?m)^error +([^:]+): (.*)\n +→ .{10,}", printed)
        assert code == (1 if found else 0), printed
        assert len(found) == len(re.findall(r"(?m)^error ", printed)), printed
        return found


@pytest.fixture(scope="module")
def migrated(tmp_path_factory) -> Path:
    """A folder with a migrated SQLite file and static files."""
    folder = tmp_path_factory.mktemp("doctor")
    environment = child_environment(folder)
    run_manage(environment, "migrate", "--verbosity", "0")
    run_manage(environment, "collectstatic", "--no-input", "--verbosity", "0")
    return folder


@pytest.fixture
def sound(migrated, tmp_path) -> SetUp:
    environment = child_environment(migrated) | {
        "TIDEWIRE_MODE": "production",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
        "ALLOWED_HOSTS": HOST,
        "TRUSTED_PROXIES": "1",
        "SECURE_SSL_REDIRECT": "off",
    }
    return SetUp(migrated, environment, ("--state", str(tmp_path / "state.json"), "--disk-gib", "0"))


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.PostgreSQL]:
    server = servers.start_postgresql()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def grown_url(postgresql, tmp_path_factory) -> str:
    """A migrated database on PostgreSQL."""
    url = postgresql.create_database(f"doctor_{os.getpid()}")
    folder = tmp_path_factory.mktemp("grown")
    run_manage(child_environment(folder) | {"DATABASE_URL": url}, "migrate", "--verbosity", "0")
    return url


@pytest.fixture
def grown(sound, grown_url) -> SetUp:
    sound.environment["DATABASE_URL"] = grown_url
    return sound


@pytest.fixture
def redis(sound) -> Iterator[servers.Redis]:
    server = servers.start_redis()
    sound.environment["REDIS_URL"] = server.url
    yield server
    server.stop()


def ask_redis(server: servers.Redis, *words: str) -> str:
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall(f"*{len(words)}\r\n".encode() + b"".join(f"${len(w)}\r\n{w}\r\n".encode() for w in words))
        return connection.recv(4096).decode()


@pytest.fixture
def served(sound, sites: Sites) -> Iterator[tuple[SetUp, Site]]:
    """A running server with these settings."""
    sound.environment["ALLOWED_HOSTS"] = f"{HOST},127.0.0.1"
    site = Site("embedded", sound.folder, sound.environment)
    site.start()
    yield sound, site
    site.stop()


@pytest.fixture
def proxied(served) -> Iterator[Callable[..., list[tuple[str, str]]]]:
    """Asks the doctor through a proxy that behaves as the test says."""
    setup, site = served
    made: list[Proxy] = []

    def ask(**behaviour) -> list[tuple[str, str]]:
        proxy = Proxy(site.server.port, **behaviour)
        made.append(proxy)
        return setup.errors("--url", proxy.url)

    yield ask
    for proxy in made:
        proxy.close()


# -- sound -------------------------------------------------------------------------------------------------------------


def test_a_sound_set_up_has_no_error(sound):
    assert sound.errors() == []


@pytest.mark.verify
def test_a_sound_set_up_on_postgresql_and_redis_has_no_error(grown, redis):
    code, printed = grown.doctor("--workers", "4")
    assert code == 0, printed
    for subject in ("database timeouts", "database places", "database clock", "redis clock"):
        assert f"ok       {subject}" in printed
    assert "warning" not in printed.replace("0 warnings", "")


@pytest.mark.verify
def test_a_sound_site_behind_a_proxy_has_no_error(proxied):
    assert proxied() == []


@pytest.mark.verify
def test_a_sound_site_that_serves_tls_itself_has_no_error(sound, tmp_path):
    """Its certificate is looked at in its files, and as a client gets it."""
    del sound.environment["TRUSTED_PROXIES"]
    sound.environment |= {"SERVES_TLS": "on", "ALLOWED_HOSTS": "localhost"}
    pair = development.certificate(tmp_path)
    files = ("--tls-cert", str(pair.chain), "--tls-key", str(pair.key))
    server = Encrypted(sound.environment, tmp_path / "log", *files, certificate=pair.chain)
    server.start()
    try:
        code, printed = sound.doctor(*files, "--url", server.url, "--cafile", str(pair.chain))
        untrusted = sound.errors("--url", server.url)
    finally:
        server.terminate()
    assert code == 0, printed
    assert printed.count("ok       certificate: ") == 2
    assert [subject for subject, _ in untrusted] == ["certificate"]


# -- broken ------------------------------------------------------------------------------------------------------------


def test_migrations_are_missing(sound, tmp_path):
    sound.environment["DATA_DIR"] = str(tmp_path)
    sound.environment["STATIC_ROOT"] = str(sound.folder / "static")
    ((subject, text),) = sound.errors()
    assert subject == "migrations"
    assert "contenttypes.0001_initial" in text


@pytest.mark.verify
@pytest.mark.parametrize(
    ("fault", "id"),
    [
        ({"SECRET_KEY": "change me, this is a sample of a key"}, "backend.E010"),
        ({"DEBUG": "on"}, "backend.E002"),
        ({"ALLOWED_HOSTS": "*"}, "backend.E003"),
        ({"WEB_CONCURRENCY": "4"}, "backend.E020"),
        ({"TRUSTED_PROXIES": "0"}, "backend.E012"),
        ({"RETENTION_SECONDS": "60"}, "tidewire.E005"),
        ({"ALLOWED_HOSTS": "https://chat.test"}, "backend.E004"),
        ({"POLL_SECONDS": "0"}, "tidewire.E010"),
        ({"MQTT_PORT": "99999"}, "tidewire.E166"),
    ],
)
def test_a_setting_is_wrong(sound, fault, id):
    sound.environment |= fault
    assert id in [text.partition(":")[0] for _, text in sound.errors()]


@pytest.mark.verify
def test_static_files_are_missing(sound, tmp_path):
    sound.environment["STATIC_ROOT"] = str(tmp_path)
    assert [subject for subject, _ in sound.errors()] == ["statics"]


@pytest.mark.verify
def test_the_disk_is_full(sound):
    sound.arguments += ("--disk-gib", "1000000")
    assert {subject for subject, _ in sound.errors()} == {"disk"}


@pytest.mark.verify
def test_there_are_too_few_open_files(sound):
    sound.files = 150
    ((subject, text),) = sound.errors()
    assert subject == "descriptors"
    assert "150 files" in text


@pytest.mark.verify
def test_the_database_is_away(grown):
    grown.environment["DATABASE_URL"] = f"postgres://tidewire:x@127.0.0.1:{servers.free_port()}/none"
    ((subject, _),) = grown.errors()
    assert subject == "database"


@pytest.mark.verify
def test_the_password_of_the_database_is_wrong(grown, grown_url):
    grown.environment["DATABASE_URL"] = re.sub(r"://tidewire:[^@]*@", "://tidewire:another@", grown_url)
    ((subject, text),) = grown.errors()
    assert subject == "database"
    assert "password authentication failed" in text


@pytest.mark.verify
def test_more_views_than_connections(grown):
    _, printed = grown.doctor()
    assert "backend.W033" not in printed
    grown.environment |= {"MAX_VIEWS": "100", "DATABASE_POOL_SIZE": "20"}
    _, printed = grown.doctor()
    assert "backend.W033" in printed


@pytest.mark.verify
def test_workers_without_servers_to_share(sound):
    assert [subject for subject, _ in sound.errors("--workers", "4")] == ["workers", "workers"]


@pytest.mark.django_db
def test_a_file_that_takes_no_writes(tmp_path):
    file = sqlite3.connect(tmp_path / "file")
    file.execute("CREATE TABLE one (a)")
    file.close()
    config = connections["default"].settings_dict
    for mode, found in (("rw", []), ("ro", ["read-only database"])):
        file = DatabaseWrapper({**config, "NAME": f"file:{tmp_path}/file?mode={mode}", "OPTIONS": {}}, "file")
        assert [finding.subject for finding in stores._read_only_file(file)] == found
        assert file.introspection.table_names() == ["one"]
        file.close()


@pytest.mark.verify
def test_the_database_takes_no_writes(grown, postgresql, grown_url):
    name = grown_url.rpartition("/")[2]
    postgresql.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    try:
        assert "read-only database" in [subject for subject, _ in grown.errors()]
    finally:
        postgresql.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")


@pytest.mark.verify
def test_the_pools_are_larger_than_the_server(grown):
    assert [subject for subject, _ in grown.errors("--workers", "40")] == ["database places"]


@pytest.mark.verify
def test_the_timeouts_are_gone(grown):
    """As in a project that sets none, or behind a pooler that drops them."""
    off = "import backend.settings\nglobals().update(vars(backend.settings))\n"
    off += "DATABASES['default']['SESSION_SETTINGS'] = {}\n"
    (grown.folder / "without_timeouts.py").write_text(off)
    grown.environment |= {"DJANGO_SETTINGS_MODULE": "without_timeouts", "PYTHONPATH": str(grown.folder)}
    assert {subject for subject, _ in grown.errors()} == {"database timeouts"}


@pytest.mark.verify
def test_a_restored_database_kept_its_epochs(grown, postgresql, grown_url):
    lines = "from api.models import Room, Member, User; u = User.objects.create(email='{0}@x.org', name='Ann'); "
    lines += "r = Room.objects.filter(name='one').first() or Room.objects.create(name='one', kind='private'); "
    lines += "Member.objects.create(room=r, user=u, role='member')"
    run_manage(grown.environment, "shell", "--verbosity", "0", "--command", lines.format("a"))
    copy = f"{grown_url.rpartition('/')[2]}_copy"
    postgresql.create_database(copy, template=grown_url.rpartition("/")[2])  # the backup
    run_manage(grown.environment, "shell", "--verbosity", "0", "--command", lines.format("b"))
    assert grown.errors() == []
    grown.environment["DATABASE_URL"] = grown_url.rpartition("/")[0] + f"/{copy}"  # is restored
    ((subject, text),) = grown.errors()
    assert subject == "epochs"
    assert "have lost events" in text
    assert [subject for subject, _ in grown.errors()] == ["epochs"]  # and is still said
    run_manage(grown.environment, "new_epochs")
    assert grown.errors() == []


@pytest.mark.verify
def test_no_process_keeps_house(sound, tmp_path):
    sound.environment |= {"PRUNE_SECONDS": "0", "DATA_DIR": str(tmp_path), "STATIC_ROOT": str(sound.folder / "static")}
    run_manage(sound.environment, "migrate", "--verbosity", "0")
    run_manage(sound.environment, "housekeeping")
    assert sound.errors() == []
    old = "from tidewire.jobs.tables import Chore; from django.utils import timezone as t; "
    old += "from datetime import timedelta as d; Chore.objects.update(done_at=t.now() - d(days=2))"
    run_manage(sound.environment, "shell", "--verbosity", "0", "--command", old)
    ((subject, _),) = sound.errors()
    assert subject == "housekeeping"


@pytest.mark.verify
def test_redis_is_away(sound, redis):
    redis.kill()
    assert [subject for subject, _ in sound.errors()] == ["redis"]


@pytest.mark.verify
def test_redis_is_a_replica(sound, redis):
    primary = servers.start_redis()
    try:
        ask_redis(redis, "REPLICAOF", "127.0.0.1", str(primary.port))
        ((subject, text),) = sound.errors()
        assert (subject, "replica" in text) == ("redis", True)
    finally:
        primary.stop()


@pytest.mark.verify
def test_redis_closes_idle_connections(sound, redis):
    ask_redis(redis, "CONFIG", "SET", "timeout", "5")
    ((subject, text),) = sound.errors()
    assert (subject, "idle" in text) == ("redis", True)


@pytest.mark.verify
@pytest.mark.parametrize(("proxies", "wanted"), [(0, "0"), (2, "2")])
def test_the_number_of_proxies_is_wrong(served, proxies, wanted):
    setup, site = served
    first = Proxy(site.server.port, host=f"{HOST}:80")
    second = Proxy(first.port, host=f"{HOST}:80")
    url = {0: f"http://{HOST}:{site.server.port}", 2: second.url}[proxies]
    with Resolved(url) as reachable:
        code, printed = setup.doctor("--url", reachable)
    assert code == 1
    assert re.search(rf"error    proxies.*\n.*TRUSTED_PROXIES={wanted}\.", printed), printed
    first.close()
    second.close()


class Resolved:
    """Has the host's name lead to this machine: in the URL, because names cannot be changed here."""

    def __init__(self, url: str) -> None:
        self.url = url.replace(HOST, "127.0.0.1")

    def __enter__(self) -> str:
        return self.url

    def __exit__(self, *exc: object) -> None:
        pass


@pytest.mark.verify
def test_a_proxy_passes_the_clients_forwarded_addresses_on(proxied):
    assert "proxies" in [subject for subject, _ in proxied(adds_address=False)]


@pytest.mark.verify
def test_a_proxy_drops_the_upgrade(proxied):
    assert "sockets" in [subject for subject, _ in proxied(upgrades=False)]


@pytest.mark.verify
def test_a_page_of_the_site_may_not_open_a_socket(served):
    setup, site = served
    proxy = Proxy(site.server.port, host="other.test")
    found = setup.errors("--url", proxy.url)
    assert {"host", "origin"} <= {subject for subject, _ in found}
    proxy.close()


@pytest.mark.verify
def test_the_clock_of_the_site_is_wrong(sound):
    """A server with the right key and a wrong clock."""
    seen = {
        "forwarded": ["192.0.2.77", "127.0.0.1"],
        "client": "127.0.0.1",
        "host": "",
        "scheme": "http",
        "proto": "",
        "trusted_proxies": 1,
    }

    class Late(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"status": "ok", "seen": seen | {"time": time.time() - 90}}).encode()
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = dict(sound.errors("--url", f"http://127.0.0.1:{server.server_port}"))
    assert "-90 s" in found["site clock"]
    server.shutdown()
    server.server_close()


@pytest.mark.verify
def test_nothing_answers_at_the_address(sound):
    ((subject, _),) = sound.errors("--url", f"http://127.0.0.1:{servers.free_port()}")
    assert subject == "site"


@pytest.mark.verify
def test_the_site_has_another_secret(served):
    setup, site = served
    setup.environment["SECRET_KEY"] = secrets.token_urlsafe(48)
    found = setup.errors("--url", f"http://127.0.0.1:{site.server.port}")
    assert [subject for subject, _ in found] == ["site"]
