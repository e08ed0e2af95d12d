"""Runs the recipes of docs/dashboards.md in a shell, beside a running server."""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site

PAGE = ROOT / "docs" / "dashboards.md"
BLOCKS = {block.name: block.code for block in blocks(PAGE)}


@pytest.fixture(scope="module")
def owner(embedded_site: Site) -> Person:
    return embedded_site.person("vera")


def paste(embedded_site: Site, owner: Person, *names: str, between: str = "", status: int = 0) -> str:
    """Runs these blocks in one shell, with the code in `between` before the last one. Returns the last one's output."""
    folder = servers.temporary_folder("recipes")
    Path(folder, "push_prometheus.py").write_text(BLOCKS["push_prometheus.py"])
    code = [f"URL={embedded_site.url} TOKEN={owner.fresh_token()}", *(BLOCKS[name] for name in names)]
    script = "set -eu\n" + "\n".join([*code[:-1], between, "echo ~~~", code[-1]])
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout.partition("~~~\n")[2]


def test_every_block_is_run():
    assert set(BLOCKS) == {"make", "cron", "push_prometheus.py", "prometheus"}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["cron", "prometheus"])
def test_what_a_recipe_pushes_arrives(embedded_site, owner, recipe):
    assert json.loads(paste(embedded_site, owner, "make", recipe)) == {"recorded": 1}
    key = {"cron": "load", "prometheus": "process_open_fds"}[recipe]
    assert metrics(owner)[key]["latest"]["value"] >= 0


def metrics(owner: Person) -> dict[str, Any]:
    """Returns the metrics of the newest dashboard, by their keys."""
    newest = owner.get("dashboards/")["results"][0]["id"]
    return {metric["key"]: metric for metric in owner.get(f"dashboards/{newest}/")["metrics"]}


EXPORTER = """# TYPE process_open_fds gauge
process_open_fds 12.5 1764300000000
process_open_fds_p99 NaN

process_open_fds_max +Inf
"""


@pytest.mark.slow
@pytest.mark.parametrize(("value", "status"), [("12.5 1764300000000", 0), ("NaN", 1)])
def test_an_exporter_with_values_that_are_not_finite(embedded_site, owner, value, status):
    """The other metrics arrive. When no metric has a value, the script says so and pushes nothing."""
    page = EXPORTER.replace("12.5 1764300000000", value)
    wanted = "process_open_fds process_open_fds_p99 process_open_fds_max"
    fake = f"""for key in p99 max; do
  post dashboards/$BOARD/metrics/ '{{"key": "process_open_fds_'$key'"}}' > /dev/null
done
curl() {{ case "$*" in */metrics) printf '{page}' ;; *) command curl "$@" ;; esac; }}
python3() {{ [ "$1" = push_prometheus.py ] && set -- "$1" {wanted}; command python3 "$@"; }}"""
    printed = paste(embedded_site, owner, "make", "prometheus", between=fake, status=status)
    if status == 0:
        assert json.loads(printed) == {"recorded": 1}
        assert metrics(owner)["process_open_fds"]["latest"]["value"] == 12.5
    else:
        assert metrics(owner)["process_open_fds"]["latest"] is None


class LosesTheFirstAnswer(BaseHTTPRequestHandler):
    """A proxy whose server does what each request asks, and whose first answer is lost: the client gets 503."""

    upstream = ""
    bodies: ClassVar[list[bytes]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name: self.headers[name] for name in ("Authorization", "Content-Type")}
        answer = httpx.post(self.upstream + self.path, content=body, headers=headers, trust_env=False)
        assert answer.status_code == 201, answer.text
        self.bodies.append(body)
        status, data = (503, b"") if len(self.bodies) == 1 else (answer.status_code, answer.content)
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Prints nothing."""


@pytest.mark.slow
def test_a_push_of_cron_whose_answer_is_lost_is_recorded_once(embedded_site, owner):
    LosesTheFirstAnswer.upstream = embedded_site.url
    with ThreadingHTTPServer(("127.0.0.1", 0), LosesTheFirstAnswer) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        paste(embedded_site, owner, "make", "cron", between=f"URL=http://127.0.0.1:{proxy.server_port}")
        proxy.shutdown()
    assert len(LosesTheFirstAnswer.bodies) == 2
    recorded = owner.get(f"metrics/{metrics(owner)['load']['id']}/samples/")
    assert len(recorded["results"]) == 1, recorded
