"""deploy/grafana and deploy/prometheus against a running server: every figure that they name is there, with its labels.

`make verify` also runs the alerts: promtool's cases, and a real Prometheus that watches a server with planted faults
(test_alerts_fire.py).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.rig.site import ROOT, Site
from tests.tidewire.serve.served import wait_until
from tidewire.serve.supervisor_figures import Figures

PROMETHEUS = ROOT / "deploy" / "prometheus"
BOARD = ROOT / "deploy" / "grafana" / "tidewire.json"
SELECTOR = re.compile(r"\b(tidewire_\w+|up)\b(\{[^}]*\})?")
OF_PROMETHEUS = {"instance", "job"}
OF_WORKERS = {"pid"}
"""With several workers only: one process is one target."""


def rules() -> list[dict]:
    (group,) = yaml.safe_load((PROMETHEUS / "tidewire.rules.yml").read_text())["groups"]
    return group["rules"]


def expressions() -> dict[str, tuple[str, str]]:
    """Returns {its place: (PromQL, text with label names in braces)} of the board and of the rules."""
    board = json.loads(BOARD.read_text())
    found = {
        f"{panel['title']} {target['refId']}": (target["expr"], target["legendFormat"])
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }
    found["the variable"] = (board["templating"]["list"][1]["query"]["query"], "")
    found |= {rule["alert"]: (rule["expr"], rule["annotations"]["summary"]) for rule in rules()}
    return found


def labels_of_supervisor(folder: Path) -> dict[str, set[str]]:
    """The same for the figures of a supervisor, which one process does not have. test_reload.py asks for them live."""
    text = Figures(folder, 2)._path.read_text()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: set(sample.labels) for sample in samples}


@pytest.fixture(scope="module")
def labels_of(site: Site, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Returns {name of a sample: the labels that it has, or would have}, as the server shows and declares them."""
    from tidewire.ground import metrics

    alice = site.person("alice")
    room = alice.make_room()
    alice.say(room, "hello")
    assert wait_until(lambda: "tidewire_door_readers{" in site.server.get("/metrics").text)
    declared = {
        f"{metric._name}{suffix}": {*metric._labelnames, *(["le"] if suffix == "_bucket" else [])}
        for metric in vars(metrics).values()
        if hasattr(metric, "_labelnames")
        for suffix in ("", "_total", "_bucket", "_sum", "_count")
    }
    found: dict[str, set[str]] = {"up": set(), **labels_of_supervisor(tmp_path_factory.mktemp("supervisor"))}
    for family in text_string_to_metric_families(site.server.get("/metrics").text):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        if family.name.endswith("_created"):  # when a counter was made
            continue
        found |= {
            f"{family.name}{suffix}": declared[f"{family.name}{suffix}"]
            for suffix in suffixes
            if family.name.startswith("tidewire_")
        }
        for sample in family.samples:
            if sample.name.startswith("tidewire_"):
                assert {*sample.labels} == declared[sample.name], sample
    return found


@pytest.mark.parametrize("place", expressions())
def test_every_figure_is_shown_by_a_server_and_has_the_labels(labels_of: dict[str, set[str]], place: str) -> None:
    expression, text = expressions()[place]
    known: set[str] = {*OF_PROMETHEUS, *OF_WORKERS}
    selectors = SELECTOR.findall(expression)
    assert selectors
    for name, braces in selectors:
        assert name in labels_of, name
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", braces))
        assert asked <= labels_of[name] | OF_PROMETHEUS, (name, asked)
        known |= labels_of[name]
    known |= set(re.findall(r'label_replace\([^"]*"(\w+)"', expression))
    grouped = {name.strip() for names in re.findall(r"\bby \(([^)]*)\)", expression) for name in names.split(",")}
    assert grouped <= known
    assert set(re.findall(r"\{\{\s*(?:\$labels\.)?([a-z]\w*)\s*\}\}", text)) <= known


def test_workers_have_the_label_that_the_board_asks_for() -> None:
    """test_metrics.py shows them for two workers."""
    from tidewire.ground import metrics

    asked = {
        name for expression, text in expressions().values() if "pid" in text for name, _ in SELECTOR.findall(expression)
    }
    by_worker = {
        metric._name for metric in vars(metrics).values() if getattr(metric, "_multiprocess_mode", "") == "liveall"
    }
    assert asked <= by_worker


def test_every_alert_has_a_case_and_a_section_of_the_page() -> None:
    cases = yaml.safe_load((PROMETHEUS / "tidewire.tests.yml").read_text())["tests"]
    tested = {case["alertname"] for each in cases for case in each["alert_rule_test"] if case["exp_alerts"]}
    quiet = {case["alertname"] for each in cases for case in each["alert_rule_test"] if not case["exp_alerts"]}
    alerts = {rule["alert"]: rule["annotations"]["runbook"] for rule in rules()}
    assert tested == quiet == alerts.keys()
    page = (ROOT / "docs" / "observability.md").read_text()
    headings = {heading.lower() for heading in re.findall(r"^#### (\w+)$", page, re.M)}
    assert headings == {name.lower() for name in alerts}
    assert all(runbook == f"docs/observability.md#{name.lower()}" for name, runbook in alerts.items())
