"""The manifests are what Kubernetes' own schemas allow, and their times fit those of the server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.rig.site import ROOT
from tidewire.ground.conf import DEFAULTS
from tidewire.http.view_limit import PROBE_PATHS

FOLDER = ROOT / "deploy" / "kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
REST_SECONDS = 9
"""What the end of a process takes beside the lame-duck time and the drain: docs/operations.md."""


def load(name: str) -> Any:
    return yaml.safe_load((FOLDER / f"{name}.yaml").read_text())


@pytest.mark.parametrize("version", ["1.29", "1.31", "1.34"])
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_manifest_is_valid(path: Path, version: str):
    manifest = yaml.safe_load(path.read_text())
    assert kubernetes_validate.validate(manifest, version, strict=True) == version


def test_the_schemas_find_a_wrong_manifest():
    wrong = load("deployment")
    wrong["spec"]["strategy"]["rollingUpdate"]["maxUnavailible"] = 0
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, "1.31", strict=True)


def pod() -> Any:
    return load("deployment")["spec"]["template"]["spec"]


def container() -> Any:
    (found,) = pod()["containers"]
    return found


def test_the_drain_is_not_cut_short():
    sleep = int(container()["lifecycle"]["preStop"]["exec"]["command"][1])
    lame_duck = float(load("configuration")["data"]["LAME_DUCK_SECONDS"])
    needed = sleep + lame_duck + DEFAULTS["DRAIN_SECONDS"] + REST_SECONDS
    assert pod()["terminationGracePeriodSeconds"] > needed


def test_readiness_is_lost_within_the_lame_duck_time():
    probe = container()["readinessProbe"]
    lame_duck = float(load("configuration")["data"]["LAME_DUCK_SECONDS"])
    assert probe["periodSeconds"] * probe["failureThreshold"] < lame_duck


def test_probes_ask_paths_that_there_are_and_liveness_not_the_database():
    paths = {name: container()[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert set(paths.values()) <= set(PROBE_PATHS)
    assert paths["livenessProbe"] == "/healthz"
    assert paths["readinessProbe"] == paths["startupProbe"] == "/readyz"


@pytest.mark.parametrize("name", ["webhooks", "mqtt"])
def test_a_worker_has_a_port_that_is_asked_and_scraped(name: str):
    template = load(name)["spec"]["template"]
    worker = template["spec"]["containers"][0]
    (port,) = worker["ports"]
    assert str(port["containerPort"]) in worker["command"]
    assert template["metadata"]["annotations"]["prometheus.io/port"] == str(port["containerPort"])
    for probe in ("startupProbe", "livenessProbe"):
        assert worker[probe]["httpGet"] == {"path": "/healthz", "port": port["name"]}


def test_no_release_takes_pods_away_before_it_is_ready():
    strategy = load("deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_proxies_wait_longer_than_the_pings_and_less_than_the_server():
    annotations = load("ingress")["metadata"]["annotations"]
    prefix = "nginx.ingress.kubernetes.io/"
    assert int(annotations[f"{prefix}proxy-read-timeout"]) > DEFAULTS["PING_SECONDS"] + DEFAULTS["PONG_SECONDS"]
    assert int(annotations[f"{prefix}upstream-keepalive-timeout"]) < DEFAULTS["KEEP_ALIVE_SECONDS"]
    assert "non_idempotent" not in annotations[f"{prefix}proxy-next-upstream"]


def test_pods_have_no_privileges():
    for spec in (load(name)["spec"]["template"]["spec"] for name in ("deployment", "webhooks", "mqtt", "migrate")):
        assert spec["securityContext"]["runAsNonRoot"] is True
        for each in spec["containers"]:
            assert each["securityContext"]["readOnlyRootFilesystem"] is True
            assert each["securityContext"]["capabilities"] == {"drop": ["ALL"]}


def test_the_environment_is_what_production_needs_and_no_secret_is_in_a_file():
    named = set(load("configuration")["data"]) | set(load("secret")["stringData"])
    assert named >= {"TIDEWIRE_MODE", "ALLOWED_HOSTS", "TRUSTED_PROXIES", "SECRET_KEY", "JWT_SIGNING_KEY"}
    assert {load("secret")["stringData"][name] for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "METRICS_TOKEN")} == {""}
