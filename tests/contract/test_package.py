"""The package `tidewire`: what is in it, and what it asks for."""

from __future__ import annotations

import re
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser

import pytest

from tests.rig import package
from tests.rig.package import ROOT

pytestmark = pytest.mark.slow
EXTRAS = {"postgresql", "redis", "serve", "schema", "otel", "webhooks", "mqtt"}


@pytest.fixture(scope="module")
def files() -> set[str]:
    with zipfile.ZipFile(package.build()[1]) as wheel:
        return {*wheel.namelist()}


@pytest.fixture(scope="module")
def metadata(files: set[str]) -> Message:
    (name,) = [name for name in files if name.endswith(".dist-info/METADATA")]
    with zipfile.ZipFile(package.build()[1]) as wheel:
        return Parser().parsestr(wheel.read(name).decode())


def test_the_wheel_holds_the_engine_whole_and_nothing_else(files):
    tree = ROOT / "tidewire"
    here = {
        str(path.relative_to(ROOT)) for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }
    assert {name for name in files if ".dist-info/" not in name} == here
    assert {"tidewire/py.typed", "tidewire/migrations/0001_initial.py", "tidewire/templates/tidewire/page.html"} <= here


def test_it_asks_for_at_most_ten_packages(metadata):
    required = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert 0 < len(required) <= 10
    assert {*metadata.get_all("Provides-Extra", [])} == EXTRAS
    assert metadata["Requires-Python"] == ">=3.11"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])


def test_what_it_asks_for_is_what_the_product_runs_on(metadata):
    """The pins of this repository lie inside the ranges of the package."""
    from packaging.requirements import Requirement  # comes with the tools that build the package

    pinned = {}
    for name in ("base", "production", "observability", "mqtt"):
        for line in (ROOT / "requirements" / f"{name}.txt").read_text().splitlines():
            if "==" in line and not line.startswith((" ", "#")):
                project, _, version = line.removesuffix(" \\").partition("==")
                pinned[project.lower().replace("_", "-")] = version
    for line in metadata.get_all("Requires-Dist", []):
        requirement = Requirement(line)
        version = pinned[requirement.name.lower()]
        assert requirement.specifier.contains(version), f"{line} but {version} is pinned"


def test_the_sdist_holds_what_the_wheel_is_built_from():
    with tarfile.open(package.build()[0]) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "LICENSE", "CHANGELOG.md", "tidewire/py.typed"} <= names
    assert not any(name.startswith(("api/", "tests/", "backend/", "realtime/")) for name in names)


def test_the_page_of_versions_is_what_the_package_says(metadata):
    """The classifiers name the versions of the page, and the requirements allow all of them."""
    rows = re.findall(
        r"^\| ([\d., ]+(?: LTS)?) \| ([\d., ]+) \|", (ROOT / "docs/supported-versions.md").read_text(), re.M
    )
    named = {kind: {name for row in rows for name in re.findall(r"\d+\.\d+", row[kind])} for kind in (0, 1)}
    classifiers = "\n".join(metadata.get_all("Classifier", []))
    assert named[0] == {*re.findall(r"Django :: (\d+\.\d+)", classifiers)}
    assert named[1] == {*re.findall(r"Python :: (\d+\.\d+)", classifiers)}
    (django,) = [line for line in metadata.get_all("Requires-Dist", []) if line.lower().startswith("django<")]
    assert "<6.2" in django


def test_public_modules_say_what_is_public():
    import importlib  # the modules want loaded apps

    for name in (
        "",
        ".models",
        ".snapshots",
        ".credentials",
        ".asgi",
        ".ids",
        ".urls",
        ".erasure",
        ".testing",
        ".pytest_plugin",
    ):
        module = importlib.import_module(f"tidewire{name}")
        assert [each for each in module.__all__ if not hasattr(module, each)] == [], name
