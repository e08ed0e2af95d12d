"""The steps of `make verify`. Each is a command in a process of its own; exit code 0 means that it holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.rig.site import ROOT

PYTEST = (sys.executable, "-m", "pytest", "-q", "-s")
PARALLEL = ("-n", "2", "--dist", "loadfile")
HOSTILE_SOCKET = "tests/scenarios/test_hostile_socket.py"
OTHER_STEPS = ("test_alerts_fire.py", "http2/test_h2spec.py")
REDIS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests/tidewire/checks").glob("test_redis_*.py"))]
FAULTS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "tests/scenarios").glob("test_faults_*.py"))]


@dataclass(frozen=True)
class Step:
    """One step. `what` is its line in the report. A step that measures time or memory has the machine for itself, with
    `is_alone`."""

    name: str
    what: str
    command: tuple[str, ...]
    is_alone: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """The name of its files, without their suffix."""
        return self.name.replace(" ", "-")


@dataclass(frozen=True)
class Outcome:
    """The result of a step. `figures` are the lines that it measured; `revision` is what it ran on."""

    name: str
    code: int
    seconds: float
    revision: str
    figures: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return self.code == 0


STEPS = (
    Step(
        "clean root",
        "a fresh clone, a new HOME, an empty environment: `make run` answers as the README says, then `make test`",
        (sys.executable, "-m", "tests.verify.clean"),
        is_alone=True,
    ),
    Step(
        "installation",
        "docs/installation.md in a clean Debian 12 (`debootstrap`), behind its nginx: served, reloaded under load, a "
        "broken release, drained, restored",
        (sys.executable, "-m", "tests.verify.installation"),
        is_alone=True,
    ),
    Step(
        "doctor",
        "each set-up that is broken on purpose is named, and an operator's commands on running servers",
        (*PYTEST, "tests/tidewire/diagnosis", "tests/scenarios/test_steering.py"),
    ),
    Step(
        "alerts",
        "promtool's cases for each alert, and a real Prometheus that watches real servers: each alert fires for a "
        "fault that is planted there (Redis killed; the database closed, filled or rolled back; views slow, failing or "
        "full; a process frozen or killed; a release that does not start; receivers of webhooks dead; and more)",
        (*PYTEST, "tests/tidewire/serve/test_alerts_fire.py", "tests/contract/test_observability_page.py"),
        is_alone=True,
    ),
    Step(
        "backup",
        "the commands of the pages about backup, upgrading and secrets, on a PostgreSQL and a Redis with data in it",
        (*PYTEST, "tests/contract/test_backup_page.py", "tests/contract/test_secrets_page.py"),
    ),
    Step(
        "observing",
        "what traces cost while they are off, at most one in a hundred, and what the logbook costs",
        (sys.executable, "-m", "bench.observing", "--check"),
        is_alone=True,
    ),
    Step(
        "engine",
        "the engine and the API on PostgreSQL, with more writers and more random writes",
        (*PYTEST, *PARALLEL, "tests/tidewire", "tests/api", "--database", "postgresql"),
    ),
    Step(
        "package",
        "the wheel in environments of its own, on each pair of Python and Django that is here, on both databases",
        (*PYTEST, "tests/contract/test_foreign_project.py", "tests/contract/test_existing_project.py"),
    ),
    Step(
        "receivers",
        "the receivers of the page about webhooks, also the one in Go",
        (*PYTEST, "tests/contract/test_webhooks_page.py"),
    ),
    Step(
        "hostile input",
        "every strange value in every field, on SQLite (on PostgreSQL it is part of the step above)",
        (*PYTEST, "tests/api/test_hostile_input.py"),
    ),
    Step(
        "hostile sockets",
        "the same values in every call and command of a socket, on both sizes",
        (*PYTEST, HOSTILE_SOCKET),
    ),
    Step(
        "fuzz",
        "schemathesis over openapi.yaml as each kind of user, twenty thousand cases or more",
        (*PYTEST, "tests/fuzz"),
    ),
    Step(
        "centrifuge-js",
        "the SDK's own tests over WebSocket, HTTP streaming and SSE, cloned from its repository or in CENTRIFUGE_JS",
        (*PYTEST, "tests/conformance/test_centrifuge_js.py"),
    ),
    Step(
        "centrifugo",
        "two nodes of Centrifugo 6.9.1, built by Go: SDK clients in both encodings, recovery, `getState` beside a "
        "writer, a thousand revocations followed at once by a write, a thousand hops between servers, the relay killed "
        "at each place between an end and the copy, ephemeral messages, forged tokens and names",
        (*PYTEST, "tests/centrifugo"),
    ),
    Step(
        "servers",
        "systemd's, nginx's and Caddy's files read by their programs, Supervisor's run; one list of checks for both "
        "proxies in front of `serve`; machines drained, reloaded and killed behind nginx under 32 writers; PgBouncer "
        "in transaction mode; a failover by Sentinel; a stalled reader beside 100 healthy ones on `serve`, daphne and "
        "uvicorn; 500 SDK clients on a deploy",
        (*PYTEST, "tests/tidewire/serve", *(f"--ignore=tests/tidewire/serve/{path}" for path in OTHER_STEPS)),
        is_alone=True,
    ),
    Step(
        "h2spec",
        "the rules of HTTP/2 and of header compression, as h2spec asks for them, and requests by h2load",
        (*PYTEST, "tests/tidewire/serve/http2/test_h2spec.py"),
    ),
    Step(
        "faults",
        "what is longer here than in `make test`: 2,000 sockets at once, Redis frozen, a cluster's nodes killed and "
        "frozen and its slots moved, processes killed, clients gone, poison, 200 pushers, a hundred revocations",
        (*PYTEST, "tests/scenarios/test_pushers.py", "tests/scenarios/test_revocation.py", *FAULTS),
        is_alone=True,
    ),
    Step(
        "uvicorn",
        "the scenarios again, with both SDKs in both encodings and on both sizes, served by uvicorn",
        (*PYTEST, *PARALLEL, "tests/scenarios", "--server", "uvicorn", "--ignore-glob=*/test_faults_*"),
    ),
    Step(
        "lists",
        "the client's list converges: 9,000 histories of snapshots, events, holes, reconnects, pages and writes; 1,000 "
        "with filters and orders, 1,000 that begin at any row, 1,000 of its write queue, with pages closed and answers "
        "lost",
        ("npm", "run", "test:long", "--prefix", "clients/typescript"),
    ),
    Step(
        "rows from the disk",
        "5,000 rows of a list come up from the browser's disk in under 100 ms, the best of five",
        ("npm", "run", "test:browser", "--prefix", "clients/typescript", "--", "airplane", "-t", "5,000 rows"),
        is_alone=True,
    ),
    Step(
        "mobile",
        "the code of the page about Kotlin compiles against the SDK's release on Maven Central; needs Maven and a JDK",
        (*PYTEST, "tests/mobile"),
    ),
    Step(
        "soak",
        "everything breaks for five minutes, with the seeds 1, 3, 5, 7 and 9",
        (*PYTEST, "tests/soak", "-k", "five_minutes"),
        environment={"SEEDS": "1,3,5,7,9"},
    ),
    Step(
        "soak again",
        "the same with 2, 4, 6, 8 and 10; four workers for a minute; the embedded size",
        (*PYTEST, "tests/soak", "-k", "not on_a_redis_cluster"),
        environment={"SEEDS": "2,4,6,8,10"},
    ),
    Step(
        "channel layers",
        "the contract of a channel layer on Valkey and Debian's Redis: one server, its socket, shards, Sentinel, a "
        "cluster, TLS, IPv6; rights, passwords, and what the start-up check refuses",
        (*PYTEST, "tests/tidewire/layer", "tests/scenarios/test_redis_rights.py", *REDIS),
    ),
    Step(
        "soak on a cluster",
        "everything breaks on a Redis Cluster: nodes killed and frozen, failovers forced, slots moved",
        (*PYTEST, "tests/soak", "-k", "on_a_redis_cluster"),
    ),
    Step(
        "fairness",
        "one attacker uses each limit to the full for twenty seconds while another account measures its requests: on "
        "`serve` directly, behind the sample nginx, and with TLS and HTTP/2, on both sizes",
        (sys.executable, "-m", "tests.fairness"),
        is_alone=True,
    ),
    Step(
        "samples on PostgreSQL",
        "a million samples: a day at 300 points, and batches of 500, beside one row by key and plain bulk_create",
        (sys.executable, "-m", "bench.samples", "--database", "postgresql", "--check"),
        is_alone=True,
    ),
    Step(
        "samples on SQLite",
        "the same there",
        (sys.executable, "-m", "bench.samples", "--database", "sqlite", "--check"),
        is_alone=True,
    ),
    Step(
        "webhooks",
        "100,000 events to 50 webhooks: a receiver that fails and is killed, workers killed every two seconds, "
        "PostgreSQL restarted: none lost, none out of order",
        (sys.executable, "-m", "tests.webhooks", "--endpoints", "50", "--events", "100000"),
        is_alone=True,
    ),
    Step(
        "webhooks embedded",
        "the same on SQLite, with fewer",
        (sys.executable, "-m", "tests.webhooks", "--size", "embedded", "--endpoints", "10", "--events", "5000"),
        is_alone=True,
    ),
    Step(
        "mqtt on Mosquitto",
        "the tests of the bridge with Mosquitto and MQTT 5 in place of the broker for development",
        (*PYTEST, "tests/mqtt"),
        environment={"MQTT_BROKER": "mosquitto"},
    ),
    Step(
        "mqtt under faults",
        "20,000 samples of 50 devices through Mosquitto while bridge, broker, server and PostgreSQL are killed five "
        "times each: every acknowledged sample stored once, every event out, in order; another device's topic refused; "
        "a revoked key disconnected",
        (sys.executable, "-m", "tests.mqtt"),
        is_alone=True,
    ),
    Step(
        "mqtt embedded",
        "the same with the broker for development on SQLite, with fewer",
        (sys.executable, "-m", "tests.mqtt", "--size", "embedded", "--broker", "embedded", "--samples", "2000"),
        is_alone=True,
    ),
    Step(
        "mqtt in time",
        "from a device to an SDK client by MQTT and by REST in turns, and 2,000 samples a second in batches",
        (sys.executable, "-m", "bench.mqtt", "--check"),
        is_alone=True,
    ),
    Step(
        "mqtt in time, on SQLite",
        "from a device to an SDK client by MQTT and by REST in turns, with the broker for development",
        (sys.executable, "-m", "bench.mqtt", "--size", "embedded", "--broker", "embedded", "--check"),
        is_alone=True,
    ),
    Step(
        "mqtt in memory",
        "the bridge's memory idle, at 2,000 samples a second, and while the database stores nothing",
        (sys.executable, "-m", "bench.mqtt_memory", "--check"),
        is_alone=True,
    ),
    Step(
        "webhooks in time",
        "from COMMIT to the receiver's request, a dead receiver among 50, and what a worker sends per core",
        (sys.executable, "-m", "bench.webhooks", "--check"),
        is_alone=True,
    ),
    Step(
        "replica",
        "10,000 lists, searches and pages of the log beside writers, with a real replica held 5 s behind: none lower "
        "than asked, none erased, none to a removed member",
        (sys.executable, "-m", "tests.replicas"),
        is_alone=True,
    ),
    Step(
        "replica, blindly",
        "the same without looking at what the replica has replayed: the judge must find violations",
        (sys.executable, "-m", "tests.replicas", "--reads", "400", "--blind"),
        is_alone=True,
    ),
    Step(
        "pruning",
        "nine of ten million events are deleted beside sixteen writers, in turns with and without: p99 of the answers",
        (sys.executable, "-m", "bench.pruning", "--check"),
        is_alone=True,
    ),
    Step(
        "search on PostgreSQL",
        "a million messages: searches with permissions, and writes beside a copy without the index",
        (sys.executable, "-m", "bench.search", "--database", "postgresql", "--check"),
        is_alone=True,
    ),
    Step(
        "search on SQLite",
        "the same there, with 100,000 messages",
        (sys.executable, "-m", "bench.search", "--database", "sqlite", "--rows", "100000", "--check"),
        is_alone=True,
    ),
    Step(
        "restart",
        "10,000 members connect, recover and read the newest page after a restart of `serve`, beside the revision "
        "before lists were read by prepared rows",
        (sys.executable, "-m", "bench.restart", "--clients", "10000", "--against", "167b471", "--check"),
        is_alone=True,
    ),
    Step(
        "textbook",
        "the same plan against a chat as tutorials build it",
        (sys.executable, "-m", "bench.textbook.compare", "--seed", "1", "--seconds", "30"),
        is_alone=True,
    ),
    Step(
        "fan-out",
        "server CPU per delivered event, beside the textbook's",
        (sys.executable, "-m", "bench.textbook.fanout"),
        is_alone=True,
    ),
)


def run(step: Step, folder: Path) -> Outcome:
    """Runs a step. Its output goes to a file, and so does its outcome, for a report of several calls."""
    log, figures = folder / f"{step.stem}.log", folder / f"{step.stem}.figures"
    figures.unlink(missing_ok=True)
    environment = os.environ | {"TIDEWIRE_VERIFY": "1", "TIDEWIRE_FIGURES": str(figures)} | step.environment
    began, tested = time.monotonic(), revision()
    with log.open("wb") as output:
        done = subprocess.run(
            step.command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT, check=False
        )
    measured = figures.read_text().splitlines() if figures.exists() else []
    if step.name in ("textbook", "fan-out", "fairness"):  # what they print is a table
        measured = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("|")]
    outcome = Outcome(step.name, done.returncode, time.monotonic() - began, tested, measured)
    made = folder / f"{step.stem}.made"
    made.write_text(json.dumps(asdict(outcome)))
    made.rename(folder / f"{step.stem}.json")  # others may read at this moment
    return outcome


def kept(folder: Path) -> dict[str, Outcome]:
    """Returns {name of a step: its last outcome}."""
    found = [folder / f"{step.stem}.json" for step in STEPS]
    outcomes = [Outcome(**json.loads(path.read_text())) for path in found if path.exists()]
    return {outcome.name: outcome for outcome in outcomes}


def revision() -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()

    status = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs/verify-report.md")
    changed = " with changes that are not committed" if status else ""
    return f"`{git('rev-parse', '--short=10', 'HEAD')}`{changed}"
