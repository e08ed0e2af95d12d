"""What the pages under docs/ print is what works."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.documents import blocks, links, pages
from tests.rig import servers
from tests.rig.site import ROOT, child_environment

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


@pytest.fixture(scope="module")
def project() -> Path:
    """A copy of this project's settings with the guide's app beside them."""
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
    """manage.py in the guide's project."""
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
    told = run(project, "shell", "--verbosity", "0", stdin=(project / "try_it.py").read_text()).splitlines()
    assert told[0] == "2"
    assert [line.split()[:2] for line in told[1:3]] == [["1", "option.added"], ["2", "option.changed"]]
    run(project, "shell", "--verbosity", "0", "-c", (project / "rest.py").read_text())
    assert "option.changed" in run(project, "asyncapi")
    assert "option.changed" in run(project, "spectacular")
    run(project, "test", "polls")


def test_the_guide_is_read_as_it_was_written():
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
