"""Runs what docs/search.md shows: taking a passage apart, and a model of another project that is searched."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import pytest
from rest_framework.test import APIRequestFactory, force_authenticate

from api.models import User
from tests.contract.documents import blocks
from tests.rig.site import ROOT
from tests.tidewire.deskapp.declarations import TicketSerializer, projects
from tests.tidewire.deskapp.models import Project, Ticket
from tidewire.declare.live import Live
from tidewire.declare.registry import registry
from tidewire.rest.searching import SearchMixin
from tidewire.rest.views import ResourceViewSet
from tidewire.search import installing

RUN = {block.name: block.code for block in blocks(ROOT / "docs" / "search.md") if block.key == "runs"}


def test_every_block_is_run_here():
    assert set(RUN) == {"parts", "declaration", "view"}


def test_a_passage_is_taken_apart():
    node = shutil.which("node")
    assert node, "needs Node 20 or newer"
    passage = "The <mark>ship</mark> &lt;3 is &quot;here&quot; &amp;amp; isn&#x27;t <mark>ship</mark>"
    code = f"{RUN['parts']}\nconsole.log(JSON.stringify(parts({json.dumps(passage)})))"
    done = subprocess.run([node, "-e", code], capture_output=True, text=True, timeout=30, check=True)
    assert json.loads(done.stdout) == [
        ["The ", False],
        ["ship", True],
        [' <3 is "here" &amp; isn\'t ', False],
        ["ship", True],
    ]


@pytest.mark.django_db
def test_a_model_of_another_project_is_searched(monkeypatch):
    declared: list[Live] = []
    names: dict[str, Any] = {"Live": Live, "register": declared.append, "projects": projects, "Ticket": Ticket}
    names |= {"SearchMixin": SearchMixin, "ResourceViewSet": ResourceViewSet, "TicketSerializer": TicketSerializer}
    names["readable_projects"] = lambda user: Project.objects.filter(name=user.name)
    exec(RUN["declaration"], names)
    exec(RUN["view"], names)
    monkeypatch.setattr(registry, "lives", [*registry.lives, *declared])
    installing.install("default")
    for name in ("Vera", "Paul"):
        Ticket.objects.create(project=Project.objects.create(name=name), title=f"a leak of {name}")
    request = APIRequestFactory().get("/", {"q": "leak"})
    force_authenticate(request, User(name="Vera", email="vera@example.com"))
    answer = names["TicketSearch"].as_view({"get": "list"})(request)
    assert [row["highlight"] for row in answer.data["results"]] == ["a <mark>leak</mark> of Vera"]
