"""The files of deploy/: read as their programs read them; Supervisor's is also run."""

import configparser
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.site import ROOT, Sites
from tests.rig.verify import program
from tests.tidewire.serve.served import Served, children, wait_until
from tidewire.ground.conf import DEFAULTS
from tidewire.mqtt.passwords import hashed
from tidewire.serve.drain import GRACE_SECONDS
from tidewire.serve.reload import READY_SECONDS
from tidewire.serve.supervisor import KILL_SECONDS

DEPLOY = ROOT / "deploy"
DRAINED = DEFAULTS["DRAIN_SECONDS"] + GRACE_SECONDS
"""Within so many seconds a process that drains has ended."""
LAME_DUCK_SECONDS = 5
"""The default in production."""
LONGEST_END = LAME_DUCK_SECONDS + DEFAULTS["DRAIN_SECONDS"] + KILL_SECONDS
"""After so many seconds the supervisor kills what has not drained."""


def ini(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=False, inline_comment_prefixes=None)
    parser.optionxform = str
    parser.read_string((DEPLOY / name).read_text())
    return parser


# -- systemd -----------------------------------------------------------------------------------------------------------


def test_systemd_waits_for_the_drain() -> None:
    service = ini("tidewire.service")["Service"]

    assert service["Type"] == "notify"
    assert float(service["TimeoutStopSec"]) > LONGEST_END
    assert float(service["TimeoutStartSec"]) > 4 * READY_SECONDS  # each of four successors in a reload
    assert service["KillMode"] == "mixed"
    assert service["ExecReload"].endswith("-HUP $MAINPID")
    assert "manage.py serve" in service["ExecStart"]


def test_systemd_keeps_the_port() -> None:
    assert ini("tidewire.socket")["Socket"]["ListenStream"] == "127.0.0.1:8000"
    assert ini("tidewire.service")["Unit"]["Requires"] == "tidewire.socket"


def test_systemd_gives_no_privileges() -> None:
    service = ini("tidewire.service")["Service"]

    assert service["User"] == "tidewire"
    assert service["NoNewPrivileges"] == service["PrivateTmp"] == "true"
    assert service["CapabilityBoundingSet"] == ""
    assert {"MemoryMax", "TasksMax", "LimitNOFILE"} <= set(service)


@pytest.mark.verify
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    for name in (path.name for path in DEPLOY.glob("tidewire*.s*")):
        text = (DEPLOY / name).read_text().replace("/srv/tidewire/.venv/bin/python", "/bin/true")
        (tmp_path / name).write_text(text.replace("User=tidewire", "User=root").replace("Group=tidewire", "Group=root"))
    done = subprocess.run(
        [program("systemd-analyze", "systemd"), "verify", *map(str, tmp_path.iterdir())],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Unknown" not in done.stderr, done.stderr
    assert "Failed to parse" not in done.stderr, done.stderr


# -- compose -----------------------------------------------------------------------------------------------------------


def services() -> dict[str, dict]:
    return yaml.safe_load((DEPLOY / "docker-compose.yml").read_text())["services"]


@pytest.mark.parametrize("name", services())
def test_every_container_is_bounded_and_unprivileged(name: str) -> None:
    service = services()[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "/tmp" in str(service["tmpfs"]) or name == "redis"


def test_only_the_server_and_the_broker_have_a_port_and_only_here() -> None:
    assert {name: service["ports"] for name, service in services().items() if "ports" in service} == {
        "server": ["127.0.0.1:8000:8000"],
        "mosquitto": ["127.0.0.1:1883:1883"],
    }


def test_compose_waits_for_the_drain_and_holds_no_secret() -> None:
    assert int(services()["server"]["stop_grace_period"].removesuffix("s")) > LONGEST_END
    for service in services().values():
        for key, value in (service.get("environment") or {}).items():
            assert not re.search("SECRET|KEY|PASSWORD|_URL", key) or "${" in value


def test_compose_rotates_logs_asks_for_health_and_shows_metrics_by_token() -> None:
    for service in services().values():
        assert service["logging"]["options"] == {"max-size": "50m", "max-file": "5"}
    assert services()["server"]["environment"]["METRICS_TOKEN"] == "${METRICS_TOKEN:?}"
    asked = {name for name, service in services().items() if "test" in service["healthcheck"]}
    assert asked == {"server", "webhooks", "mqtt", "mosquitto", "postgres", "redis"}
    others = [service["healthcheck"] for name, service in services().items() if name not in asked]
    assert others == [{"disable": True}] * len(others)  # the image's own asks a server


def test_compose_gives_no_container_an_anonymous_volume() -> None:
    """The images of PostgreSQL and Redis declare these folders as volumes."""
    volumes = [volume.partition(":")[2] for volume in services()["postgres"]["volumes"]]
    assert volumes == ["/var/lib/postgresql/data"]
    assert services()["redis"]["tmpfs"] == ["/data"]


def test_the_secrets_of_compose_need_no_quotes() -> None:
    """Each variable that must be set is made as a hexadecimal number by the file's own commands."""
    text = (DEPLOY / "docker-compose.yml").read_text()
    required = set(re.findall(r"\$\{([A-Z_]+):\?\}", text))
    made = set(re.findall(r"for name in ([A-Z_ ]+);", text)[0].split())

    assert "openssl rand -hex 32" in text
    assert required - made == {"ALLOWED_HOSTS"}


# -- workers -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class WorkerFiles:
    """What a worker is called in the files, and what its command and its end must be."""

    name: str
    command: str
    port: str
    least_seconds: float

    def set_ups(self) -> dict[str, tuple[str, float]]:
        """Returns {file: (command, seconds until it is killed)} of each set-up."""
        unit = ini(f"tidewire-{self.name}.service")["Service"]
        program = ini("supervisor.conf")[f"program:tidewire-{self.name}"]
        container = services()[self.name]
        manifest = yaml.safe_load((DEPLOY / f"kubernetes/{self.name}.yaml").read_text())["spec"]["template"]["spec"]
        return {
            f"tidewire-{self.name}.service": (unit["ExecStart"], float(unit["TimeoutStopSec"])),
            "supervisor.conf": (program["command"], float(program["stopwaitsecs"])),
            "docker-compose.yml": (
                " ".join(container["command"]),
                float(container["stop_grace_period"].removesuffix("s")),
            ),
            f"kubernetes/{self.name}.yaml": (
                " ".join(manifest["containers"][0]["command"]),
                manifest["terminationGracePeriodSeconds"],
            ),
        }


WORKERS = (
    WorkerFiles(
        "webhooks", "manage.py deliver_webhooks", r"800(1|%\(process_num\)d)", DEFAULTS["WEBHOOK_TIMEOUT_SECONDS"]
    ),
    WorkerFiles("mqtt", "manage.py mqtt_bridge", "8011", 10),
)


@pytest.mark.parametrize(("worker", "place"), [(worker, place) for worker in WORKERS for place in worker.set_ups()])
def test_every_set_up_runs_the_workers_and_shows_their_figures(worker: WorkerFiles, place: str) -> None:
    command, seconds = worker.set_ups()[place]

    assert worker.command in command
    assert re.search(f"--metrics-port {worker.port}", command)
    assert ("--metrics-bind 0.0.0.0" in command) is ("docker" in place or "kubernetes" in place)
    assert seconds > worker.least_seconds


def test_the_ports_of_workers_differ() -> None:
    """A machine may run all of them."""
    text = "".join((DEPLOY / f"tidewire-{worker.name}.service").read_text() for worker in WORKERS)
    ports = re.findall(r"--metrics-port (\d+)", text)
    assert len(set(ports)) == len(ports) == len(WORKERS)


# -- Mosquitto ---------------------------------------------------------------------------------------------------------

BROKER_OPTIONS = {"persistence", "autosave_interval", "max_queued_messages", "max_queued_bytes", "message_size_limit"}


def mosquitto_scripts() -> dict[str, str]:
    """Returns {file: shell script} of each set-up that starts Mosquitto in a container."""
    manifest = yaml.safe_load((DEPLOY / "kubernetes/mqtt.yaml").read_text())["spec"]["template"]["spec"]
    (container,) = (each for each in manifest["containers"] if each["name"] == "mosquitto")
    return {
        "docker-compose.yml": services()["mosquitto"]["command"][0].replace("$$", "$"),
        "kubernetes/mqtt.yaml": container["args"][0],
    }


@pytest.mark.parametrize("name", mosquitto_scripts())
def test_every_mosquitto_has_the_same_bounds(name: str) -> None:
    def options(text: str) -> dict[str, str]:
        pairs = (line.split() for line in text.splitlines() if line.split())
        return {pair[0]: pair[1] for pair in pairs if pair[0] in BROKER_OPTIONS}

    assert options(mosquitto_scripts()[name]) == options((DEPLOY / "mosquitto.conf").read_text())
    assert float(options(mosquitto_scripts()[name])["autosave_interval"]) * 2 <= DEFAULTS["MQTT_SAVE_SECONDS"]
    assert int(options(mosquitto_scripts()[name])["message_size_limit"]) <= DEFAULTS["MAX_BODY_BYTES"]


@pytest.mark.verify
@pytest.mark.parametrize("name", mosquitto_scripts())
def test_the_mosquitto_of_a_container_reads_its_users_again(name: str, tmp_path: Path) -> None:
    """The script is run with Debian's Mosquitto: it waits for the files, follows them, and ends on SIGTERM."""
    port, files = servers.free_port(), tmp_path / "data/mqtt"
    script = mosquitto_scripts()[name].replace("/tmp/", f"{tmp_path}/").replace("listener 1883", f"listener {port}")
    script = script.replace("/data/", f"{tmp_path}/data/").replace("/saved/", f"{tmp_path}/")
    script = script.replace("allow_anonymous", "user root\nallow_anonymous")  # root may read the files of a test
    path = str(Path(program("mosquitto", "mosquitto")).parent) + ":" + os.environ["PATH"]
    files.mkdir(parents=True)
    process = servers.spawn(["sh", "-euc", script], log=tmp_path / "log", env=os.environ | {"PATH": path})
    try:
        for user in ("first", "second"):
            (files / "passwords").write_text(f"{user}:{hashed('secret')}\n")
            (files / "acl").write_text(f"user {user}\ntopic readwrite #\n")
            assert wait_until(lambda user=user: signs_in(port, user), 10), servers.tail(tmp_path / "log")
        assert not signs_in(port, "first")
    finally:
        servers.end(process, signal.SIGTERM)
    assert process.returncode in (0, 143)
    assert not signs_in(port, "second")


def signs_in(port: int, user: str) -> bool:
    command = [program("mosquitto_pub", "mosquitto-clients"), "-p", str(port), "-u", user, "-P", "secret"]
    return subprocess.run([*command, "-t", "x", "-m", "1", "-q", "1"], capture_output=True, check=False).returncode == 0


# -- proxies -----------------------------------------------------------------------------------------------------------


def test_nginx_upgrades_waits_and_strips() -> None:
    text = (DEPLOY / "nginx.conf").read_text()

    assert "proxy_set_header Upgrade $http_upgrade;" in text
    assert "proxy_buffering off;" in text
    assert int(re.search(r"proxy_read_timeout (\d+)s", text).group(1)) > DEFAULTS["PING_SECONDS"]
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in text  # not $proxy_add_x_forwarded_for
    for header in ("Forwarded", "X-Real-IP", "Daphne-Root-Path"):
        assert f'proxy_set_header {header} "";' in text
    assert 1024 * 1024 * int(re.search(r"client_max_body_size (\d+)m", text).group(1)) > DEFAULTS["MAX_BODY_BYTES"]
    assert text.count("{") == text.count("}")


def test_no_location_of_nginx_replaces_the_headers_of_its_server() -> None:
    """A location with one `proxy_set_header` of its own inherits none: clients would say their address themselves."""
    text = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text())
    locations = re.findall(r"location [^{]*\{([^}]*)\}", text)

    assert len(locations) >= 2
    assert [location for location in locations if "proxy_set_header" in location] == []


def test_nginx_sends_no_post_twice_and_keeps_the_port_of_the_host() -> None:
    """test_proxies.py runs it."""
    text = re.sub(r"#.*", "", (DEPLOY / "nginx.conf").read_text())

    assert "non_idempotent" not in text
    assert "proxy_set_header Host $http_host;" in text
    assert "http2 on" not in text  # nginx before 1.25.1 does not know it
    assert "log_format" in text


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxies_leave_metrics_to_the_server(name: str) -> None:
    """It wants a token from all that come through a proxy (test_metrics.py), so one place decides."""
    assert "/metrics" not in re.sub(r"#.*", "", (DEPLOY / name).read_text())


# -- the image ---------------------------------------------------------------------------------------------------------


def test_the_image_serves_with_limits_and_as_a_numeric_user() -> None:
    text = (ROOT / "Dockerfile").read_text()
    command = json.loads(re.findall(r"^CMD (.*)$", text, re.M)[-1])

    assert command[:3] == ["python", "manage.py", "serve"]
    assert re.findall(r"^USER (.*)$", text, re.M) == ["10001:10001"]
    assert "VOLUME" not in text


# -- Caddy -------------------------------------------------------------------------------------------------------------


def test_caddy_waits_and_strips() -> None:
    text = (DEPLOY / "Caddyfile").read_text()

    assert int(re.search(r"read_timeout (\d+)s", text).group(1)) > DEFAULTS["PING_SECONDS"]
    assert "header_up X-Forwarded-For {remote_host}" in text
    for header in ("Forwarded", "X-Real-IP", "Daphne-Root-Path"):
        assert f"header_up -{header}" in text
    assert text.count("{") == text.count("}")


# -- Supervisor --------------------------------------------------------------------------------------------------------


def test_supervisor_waits_for_the_drain() -> None:
    program = ini("supervisor.conf")["fcgi-program:tidewire"]

    assert program["stopsignal"] == "TERM"
    assert float(program["stopwaitsecs"]) > LONGEST_END
    assert program["command"].startswith("/bin/sh -ec")
    assert "exec " in program["command"]  # or the shell would get the signal


class Supervised:
    """supervisord with our file, in which the paths are those of the test."""

    def __init__(self, folder: Path, environment: dict[str, str], port: int) -> None:
        (folder / "environment").write_text("".join(f"{name}='{value}'\n" for name, value in environment.items()))
        changed = (
            (DEPLOY / "supervisor.conf")
            .read_text()
            .replace("127.0.0.1:8000", f"127.0.0.1:{port}")
            .replace("/srv/tidewire", str(ROOT))
            .replace("/etc/tidewire/environment", str(folder / "environment"))
            .replace(".venv/bin/python", sys.executable)
            .replace("--workers 4", "--workers 2")
            .replace("user=tidewire\n", "")
            .replace("/var/log/supervisor/", f"{folder}/")
        )
        self.conf = folder / "supervisord.conf"
        self.conf.write_text(
            f"[unix_http_server]\nfile={folder}/sock\n"
            f"[supervisord]\nnodaemon=true\nlogfile={folder}/supervisord.log\npidfile={folder}/pid\nchildlogdir={folder}\n"
            "[rpcinterface:supervisor]\n"
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n"
            f"[supervisorctl]\nserverurl=unix://{folder}/sock\n{changed}"
        )
        self.log = folder / "out.log"
        self.process = servers.spawn(
            [program("supervisord", "supervisor"), "-c", str(self.conf)],
            log=self.log,
            dies_by=signal.SIGTERM,
            env=environment,
        )

    def ctl(self, *command: str) -> str:
        done = subprocess.run(
            [program("supervisorctl", "supervisor"), "-c", str(self.conf), *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    def workers(self) -> set[int]:
        """Returns the process ids of the workers of the running server."""
        pids = re.findall(r"tidewire\s+RUNNING\s+pid (\d+)", self.ctl("status"))
        return set(children(int(pids[0]))) if pids else set()


@pytest.mark.verify
def test_supervisor_starts_restarts_and_drains(sites: Sites) -> None:
    site = sites.make("grown", processes=1, settings={"DRAIN_SECONDS": "1.0", "MAX_CONNECTIONS_PER_USER": "0"})
    served = site.servers[0] = Served(site.environment, site.folder / "none")
    supervised = Supervised(site.folder, site.environment, served.port)
    try:
        assert wait_until(lambda: len(supervised.workers()) == 2, 180)
        assert wait_until(served.is_ready, 180)
        before = supervised.workers()
        alice = site.person("alice")
        clients = [RawSocket(site.ws_url) for _ in range(20)]
        for client in clients:
            client.connect(alice.fresh_token())

        # A deploy: sockets get the reconnect code, and requests are always answered.
        supervised.ctl("signal", "HUP", "tidewire:tidewire")
        assert wait_until(lambda: served.is_ready() and not before & supervised.workers(), 180)
        assert {client.close_code() for client in clients} == {3001}
        assert wait_until(lambda: len(supervised.workers()) == 2, 180)

        # A crash.
        before = supervised.workers()
        subprocess.run(["kill", "-9", str(min(before))], check=True)
        assert wait_until(lambda: len(supervised.workers() - {min(before)}) == 2, 180)

        started = time.monotonic()
        supervised.ctl("stop", "tidewire:tidewire")
        assert time.monotonic() - started < 2 * DRAINED
        exits = re.findall(r"stopped: (\S+) \((.*)\)", (site.folder / "supervisord.log").read_text())
        assert {status for _, status in exits} == {"exit status 0"}
    finally:
        servers.end(supervised.process, signal.SIGTERM)
        if site._redis is not None:
            site._redis.stop()


# -- memory ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["Dockerfile", "deploy/tidewire.service", "deploy/supervisor.conf", "scripts/run"])
def test_freed_memory_goes_back_to_the_system(path: str) -> None:
    assert re.search(r"MALLOC_ARENA_MAX=\D*2", (ROOT / path).read_text())
