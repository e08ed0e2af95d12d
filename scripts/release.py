"""Builds a release into dist/ and checks it: `make release`. It uploads nothing.

Refuses a tree with changes, versions that differ, a changelog without the version, and a tag that is missing or
elsewhere.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CLIENT = Path("clients", "typescript")


class ReleaseError(Exception):
    """The release cannot be made. The text says what to do."""


def version_of(root: Path) -> str:
    """Returns the version of both packages. Raises ReleaseError when they differ."""
    python = tomllib.loads((root / "pyproject.toml").read_text())["project"]["version"]
    npm = json.loads((root / CLIENT / "package.json").read_text())["version"]
    if python != npm:
        raise ReleaseError(f"pyproject.toml says {python}, and package.json says {npm}: make them equal")
    return python


def check_source(root: Path, version: str) -> None:
    """Raises ReleaseError where the tree is not the release of this version."""
    if changed := git(root, "status", "--porcelain", "--untracked-files=no"):
        raise ReleaseError(f"the tree has changes: commit them first\n{changed}")
    if not re.search(rf"(?m)^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$", (root / "CHANGELOG.md").read_text()):
        raise ReleaseError(f"CHANGELOG.md has no heading `## [{version}] - <date>`: move Unreleased there")
    head = git(root, "rev-parse", "HEAD")
    tagged = git(root, "rev-list", "-n", "1", f"v{version}", is_needed=False)
    if tagged != head:
        where = f"is at {tagged[:12]}" if tagged else "does not exist"
        raise ReleaseError(f"the tag v{version} {where}: tag this commit, {head[:12]}")


def build(root: Path, into: Path) -> None:
    """Builds the wheel, the sdist and the npm package."""
    shutil.rmtree(into, ignore_errors=True)
    run(root, sys.executable, "-m", "build", "--no-isolation", "--outdir", str(into), ".")
    package = root / CLIENT / "package.json"
    before = package.read_text()
    try:  # npm publishes what is packed, so the commit must be in it
        package.write_text(
            json.dumps(json.loads(before) | {"gitHead": git(root, "rev-parse", "HEAD")}, indent=2) + "\n"
        )
        run(root / CLIENT, "npm", "pack", "--silent", "--pack-destination", str(into))
    finally:
        package.write_text(before)


def check_built(into: Path, version: str) -> list[str]:
    """Compares what was built with the version, and returns the lines of SHA256SUMS. Raises ReleaseError."""
    files = sorted(path for path in into.iterdir() if path.suffix in (".whl", ".gz", ".tgz"))
    found = {path.name: built_version(path) for path in files}
    if sorted(path.suffix for path in files) != [".gz", ".tgz", ".whl"] or set(found.values()) != {version}:
        raise ReleaseError(f"these were built, and are not one release of {version}: {found}")
    return [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in files]


def built_version(path: Path) -> str:
    """Returns the version that a package has inside."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as wheel:
            (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
            return _version(wheel.read(name).decode())
    with tarfile.open(path) as archive:
        is_npm = path.suffix == ".tgz"
        name = "package/package.json" if is_npm else f"{path.name.removesuffix('.tar.gz')}/PKG-INFO"
        member = archive.extractfile(name)
        text = member.read().decode() if member else ""
        return json.loads(text)["version"] if is_npm else _version(text)


def _version(metadata: str) -> str:
    found = re.search(r"(?m)^Version: (.+)$", metadata)
    return found[1].strip() if found else ""


def git(root: Path, *arguments: str, is_needed: bool = True) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode and is_needed:
        raise ReleaseError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip() if done.returncode == 0 else ""


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ReleaseError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT)
    root = parser.parse_args().root.resolve()
    into = root / "dist"
    try:
        version = version_of(root)
        check_source(root, version)
        build(root, into)
        run(
            root,
            sys.executable,
            "-m",
            "twine",
            "check",
            "--strict",
            *map(str, [*into.glob("*.whl"), *into.glob("*.tar.gz")]),
        )
        (into / "SHA256SUMS").write_text("\n".join(check_built(into, version)) + "\n")
    except ReleaseError as error:
        sys.exit(f"no release: {error}")
    print(f"dist/ holds the release {version}. Nothing was uploaded: docs/releasing.md says how.")


if __name__ == "__main__":
    main()
