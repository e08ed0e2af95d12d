"""Checks the pages: links, anchors and files exist, the way of an event is as described, the guide's code works."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import anchors, anchors_linked, blocks, files_named, links, pages
from tests.contract.test_imports import ORDER, TREES
from tests.rig import servers
from tests.rig.site import PROGRAMS, ROOT, child_environment
from tidewire.ground.conf import DEFAULTS

EVENT_PATH = ROOT / "docs" / "event-path.md"
EVENT_PATH_LINES = 64
"""One page, with lines of 122 characters."""
GUIDE = ROOT / "docs" / "writing-a-live-model.md"
REST = """
from rest_framework.test import APIClient
from api.models import User

client = APIClient(headers={"host": "localhost"})
client.force_authenticate(User.objects.create_user("vera@example.com", "a long enough password", name="Vera"))
poll = client.post("/api/v1/polls/", {"question": "Tea?"}, format="json").json()
options = f"/api/v1/polls/{poll['id']}/options/"
tea = client.post(options, {"text": "Tea"}, format="json").json()
client.post(f"{options}{tea['id']}/vote/")
page = client.get(options).json()
assert page["results"][0]["votes"] == 1 and page["stream"]["offset"] == 2, page
detail = client.get(f"/api/v1/polls/{poll['id']}/")
assert detail["Tidewire-Position"].endswith("offset=2"), detail.headers
"""


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    assert [str(target) for target in links(page) if not target.exists()] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_is_a_heading(page):
    assert [f"{target}#{anchor}" for target, anchor in anchors_linked(page) if anchor not in anchors(target)] == []


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_exists(page):
    assert [name for name in files_named(page) if not (ROOT / name).exists()] == []


def test_every_package_has_its_row_in_the_table_of_tests():
    text = (ROOT / "docs" / "testing.md").read_text()
    listed = set(re.findall(r"^\| `(\w+(?:/\w+)?)/` \|", text, re.M))
    assert {f"tidewire/{package}" for package in ORDER} | set(TREES) - {"tidewire"} <= listed


UNITS = {"": 1, "KiB": 1024, "MiB": 1024 * 1024}


def test_the_limits_of_a_socket_are_those_of_the_settings():
    section = (ROOT / "docs" / "protocol.md").read_text().partition("## Limits\n")[2].partition("\n## ")[0]
    found = re.findall(r"^\| [^|]+ \| ([\d,]+) ?(\w*) \| `(\w+)` \|", section, re.M)
    documented = {setting: int(number.replace(",", "")) * UNITS[unit] for number, unit, setting in found}
    assert len(documented) == 13
    assert documented == {setting: DEFAULTS[setting] for setting in documented}


def test_uvicorn_is_started_in_tests_as_the_page_says():
    page = (ROOT / "docs" / "operations.md").read_text()
    options = re.findall(r"`(--[\w-]+(?: \w+)?)`", page.partition("For uvicorn, use ")[2].partition("On uvicorn")[0])
    assert f"--ws-max-size {DEFAULTS['MAX_FRAME_BYTES']}" in options
    assert [option for option in options if option not in PROGRAMS["uvicorn"]] == []


RUN_BY = {
    "README.md": "test_readme.py",
    "docs/backup.md": "test_backup_page.py",
    "docs/dashboards.md": "test_dashboards_page.py",
    "docs/events-and-versions.md": "test_recipes.py",
    "docs/existing-project.md": "test_existing_project.py",
    "docs/first-live-model.md": "test_tutorial.py",
    "docs/from-channels.md": "test_from_channels.py",
    "docs/http-doors.md": "test_http_doors_page.py",
    "docs/http2.md": "test_http2_page.py",
    "docs/installation.md": "test_installation_page.py",
    "docs/mqtt.md": "test_mqtt_page.py",
    "docs/observability.md": "test_observability_page.py",
    "docs/operations.md": "test_recipes.py",
    "docs/protocol.md": "test_recipes.py",
    "docs/search.md": "test_search_page.py",
    "docs/secrets.md": "test_secrets_page.py",
    "docs/streams-and-permissions.md": "test_recipes.py",
    "docs/testing-live-models.md": "test_foreign_project.py",
    "docs/third-parties.md": "test_recipes.py",
    "docs/upgrading.md": "test_backup_page.py",
    "docs/webhooks.md": "test_webhooks_page.py",
    "docs/writing-a-live-model.md": "test_docs.py",
    "docs/your-own-project.md": "test_foreign_project.py",
}


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_of_code_is_run_or_says_why_not(page):
    """A block has one of these above it: `<!-- runs: name -->`, `<!-- file: path -->`, `<!-- by hand: reason -->`. A
    page with blocks of the first two kinds has a test that runs them."""
    code = [block for block in blocks(page) if block.language not in ("", "json", "text")]
    assert [block.code for block in code if block.key not in ("runs", "file", "by hand") or not block.name] == []
    if any(block.key in ("runs", "file") for block in code):
        assert (ROOT / "tests/contract" / RUN_BY[str(page.relative_to(ROOT))]).exists()


# -- the way of an event -----------------------------------------------------------------------------------------------


def rows(heading: str) -> list[list[str]]:
    """Returns the cells of each row of the first table after this heading of docs/event-path.md."""
    section = EVENT_PATH.read_text().partition(f"{heading}\n")[2].split("\n## ")[0]
    table = [line.strip().strip("|").split("|") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in table[2:]]


def defined(path: Path) -> set[str]:
    """Returns the names of all classes, functions and methods of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kinds)}


def test_every_hop_exists_under_its_name():
    hops = [(file.strip("`"), name.strip("`")) for _, file, name, _ in rows("# The way of an event") if file]
    assert len(hops) > 10
    assert [hop for hop in hops if hop[1] not in defined(ROOT / hop[0])] == []


def test_the_hops_are_the_six_verbs():
    verbs = [row[0].strip("*") for row in rows("# The way of an event") if row[0].startswith("**")]
    assert verbs == ["save", "record", "publish", "dispatch", "enqueue", "send"]


def test_each_question_is_answered_in_at_most_three_files():
    questions = {question: re.findall(r"`([^`]+)`", files) for question, _, files in rows("## Six questions")}
    assert len(questions) == 7
    assert [question for question, files in questions.items() if not 1 <= len(files) <= 3] == []
    assert [file for files in questions.values() for file in files if not (ROOT / file).exists()] == []


def test_the_functions_that_the_page_names_exist():
    """Looks for each name, such as `append`, in the files that its answer lists."""
    for _, answer, files in rows("## Six questions"):
        known = {name for file in re.findall(r"`([^`]+)`", files) for name in defined(ROOT / file)}
        named = set(re.findall(r"`([A-Za-z]+_?[A-Za-z]+)`", answer)) - {"ends_access"}
        assert named <= known


def test_the_page_fits_on_one_page():
    assert len(EVENT_PATH.read_text().splitlines()) <= EVENT_PATH_LINES


# -- writing a live model ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def project() -> Path:
    """Returns a folder with the guide's app, for use with this project's settings."""
    folder = servers.temporary_folder("guide")
    for block in blocks(GUIDE):
        if block.key == "file":
            path = folder / block.name
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.code)
    (folder / "polls" / "__init__.py").touch()
    (folder / "rest.py").write_text(REST)
    return folder


def run(folder: Path, *arguments: str, stdin: str = "") -> str:
    """Runs manage.py with the guide's app, and returns its output."""
    environment = child_environment(folder) | {
        "PYTHONPATH": f"{folder}:{ROOT}",
        "TIDEWIRE_EXTRA_APPS": "polls",
    }
    command = [sys.executable, ROOT / "manage.py", *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"manage.py {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_guides_live_model_is_live(project):
    steps = [line for block in blocks(GUIDE) if block.language == "sh" for line in block.code.splitlines()]
    assert steps == [
        "python manage.py startapp polls",
        "export TIDEWIRE_EXTRA_APPS=polls",
        "python manage.py makemigrations polls",
        "python manage.py migrate",
        "python manage.py check",
    ]
    run(project, "makemigrations", "polls")
    run(project, "migrate", "--verbosity", "0")
    run(project, "check")
    printed = run(project, "shell", "--verbosity", "0", stdin=(project / "try_it.py").read_text()).splitlines()
    assert printed[0] == "2"
    assert [line.split()[:2] for line in printed[1:3]] == [["1", "option.added"], ["2", "option.changed"]]
    run(project, "shell", "--verbosity", "0", "-c", (project / "rest.py").read_text())
    assert "option.changed" in run(project, "asyncapi")
    assert "option.changed" in run(project, "spectacular")
    run(project, "test", "polls")


def test_the_guide_has_these_files():
    files = [block.name for block in blocks(GUIDE) if block.key == "file"]
    assert sorted(files) == sorted(
        [
            "polls/models.py",
            "polls/live.py",
            "polls/serializers.py",
            "polls/access.py",
            "polls/urls.py",
            "try_it.py",
            "polls/tests.py",
        ]
    )
