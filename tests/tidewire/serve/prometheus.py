"""A real Prometheus that watches real servers, with the rules of deploy/prometheus in quick motion."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import httpx

from tests.rig import servers
from tests.rig.site import ROOT
from tests.rig.verify import program

RULES = ROOT / "deploy" / "prometheus" / "tidewire.rules.yml"
QUICKER = {
    "started_at_seconds) < 120": "started_at_seconds) < 25",
    "chore_age_seconds > 3 * 3600": "chore_age_seconds > 3600",
    "door_lag_seconds > 60": "door_lag_seconds > 2",
    "webhook_lag_seconds) > 600": "webhook_lag_seconds) > 10",
    "webhook_idle_seconds) > 60": "webhook_idle_seconds) > 5",
}
"""{a bound that a test cannot wait for: a shorter one}"""


def quickened(rules: str) -> str:
    """Returns the rules with rates over half a minute, where nothing has to last."""
    rules = re.sub(r"for: \w+", "for: 0s", rules)
    rules = re.sub(r"\[(5m|10m|15m)\]", "[30s]", rules)
    rules = re.sub(r"offset \w+", "offset 30s", rules)
    for text, quicker in QUICKER.items():
        assert text in rules, text
        rules = rules.replace(text, quicker)
    return rules


class Prometheus:
    """Scrapes one server, `host:port`, each second."""

    def __init__(self, folder: Path, target: str) -> None:
        self.port = servers.free_port()
        (folder / "tidewire.rules.yml").write_text(quickened(RULES.read_text()))
        configuration = (
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\n"
            "rule_files: [tidewire.rules.yml]\n"
            f"scrape_configs: [{{job_name: tidewire, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        (folder / "prometheus.yml").write_text(configuration)
        command = [
            program("prometheus", "prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        self._process = servers.spawn(command, log=folder / "prometheus.log")

    def firing(self) -> set[str]:
        """Returns the names of the alerts that fire now."""
        try:
            answer = httpx.get(f"http://127.0.0.1:{self.port}/api/v1/alerts", timeout=5, trust_env=False)
        except httpx.TransportError:
            return {"nothing answers yet"}
        if answer.status_code != 200:
            return {"nothing answers yet"}
        return {a["labels"]["alertname"] for a in answer.json()["data"]["alerts"] if a["state"] == "firing"}

    def has_scraped(self) -> bool:
        """Whether it has figures of the server."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?query=up"
        try:
            result = httpx.get(url, timeout=5, trust_env=False).json()["data"]["result"]
        except (httpx.TransportError, ValueError, KeyError):
            return False
        return any(each["value"][1] == "1" for each in result)

    def stop(self) -> None:
        servers.end(self._process, signal.SIGTERM)
