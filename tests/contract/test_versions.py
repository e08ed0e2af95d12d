"""Version floors: below each of these lies a published advisory or a behaviour we cannot work around.

The reason stands beside the floor, so that whoever raises or doubts one knows what it guards against.
"""

import re
from importlib import metadata
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).resolve().parents[2] / "requirements"

FLOORS = {
    "django": "5.2.19",  # ASGI header and body denial of service, header spoofing, private answers from the cache
    "daphne": "4.2.3",  # unlimited messages and header smuggling at the upgrade
    "autobahn": "26.10.2",  # inflated size unchecked; daphne itself asks only for 22.4.2
    "twisted": "26.10.0",  # request smuggling and pipelining order; daphne itself asks only for 22.4
    "pyjwt": "2.15.1",  # crit header, public key taken as HMAC key, recursion
    "djangorestframework-simplejwt": "5.5.1",  # inactive users on refresh
    "djangorestframework": "3.18.3",
    "redis": "8.1.0",  # answers crossing between cancelled commands
    "channels": "4.3.2",
    "channels-redis": "4.3.0",
    "asgiref": "3.13.0",
}


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def pinned(name: str) -> dict[str, str]:
    text = (REQUIREMENTS / f"{name}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==(\S+)", text, re.MULTILINE))


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_the_installed_version_is_at_or_above_its_floor(package: str, floor: str) -> None:
    assert numbers(metadata.version(package)) >= numbers(floor)


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_the_pinned_version_is_at_or_above_its_floor(package: str, floor: str) -> None:
    assert numbers(pinned("production")[package]) >= numbers(floor)


def test_each_file_pins_what_the_one_below_it_pins() -> None:
    """Installing production over base, or dev over production, changes no version."""
    base, production, dev = pinned("base"), pinned("production"), pinned("dev")
    assert base.items() <= production.items() <= dev.items()


@pytest.mark.parametrize("name", ["base", "production", "dev"])
def test_every_requirement_is_hashed_and_names_no_index(name: str) -> None:
    lines = (REQUIREMENTS / f"{name}.txt").read_text().splitlines()
    pins = [number for number, line in enumerate(lines) if "==" in line and not line.startswith(("#", " "))]
    assert pins
    assert all("--hash=sha256:" in lines[number + 1] for number in pins)
    assert not [line for line in lines if line.startswith("-") or "://" in line]
