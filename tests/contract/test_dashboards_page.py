"""Runs the recipes of docs/dashboards.md in a shell, beside a running server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.documents import blocks
from tests.rig import servers
from tests.rig.rest import Person
from tests.rig.site import ROOT, Site, Sites

PAGE = ROOT / "docs" / "dashboards.md"
BLOCKS = {block.name: block.code for block in blocks(PAGE)}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    site = Sites(servers.temporary_folder("dashboards-page")).make("embedded")
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def owner(site: Site) -> Person:
    return site.person("vera")


def paste(site: Site, owner: Person, *names: str) -> str:
    """Runs these blocks in one shell, and returns the output of the last one."""
    folder = servers.temporary_folder("recipes")
    Path(folder, "push_prometheus.py").write_text(BLOCKS["push_prometheus.py"])
    code = [f"URL={site.url} TOKEN={owner.fresh_token()}", *(BLOCKS[name] for name in names)]
    script = "set -eu\n" + "\n".join([*code[:-1], "echo ~~~", code[-1]])
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.partition("~~~\n")[2]


def test_every_block_is_run():
    assert set(BLOCKS) == {"make", "cron", "push_prometheus.py", "prometheus"}


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["cron", "prometheus"])
def test_what_a_recipe_pushes_arrives(site, owner, recipe):
    assert json.loads(paste(site, owner, "make", recipe)) == {"recorded": 1}
    newest = owner.get("dashboards/")["results"][0]["id"]
    latest = {metric["key"]: metric["latest"] for metric in owner.get(f"dashboards/{newest}/")["metrics"]}
    key = {"cron": "load", "prometheus": "process_open_fds"}[recipe]
    assert latest[key]["value"] >= 0
