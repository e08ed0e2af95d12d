"""The broker's password and ACL files, in Mosquitto's forms. What is in them is what the broker allows.

`passwords` has a line for each user, `acl` what each may publish and subscribe to. A hash of both, their *generation*,
names a topic that the bridge may read then, and not before: when a message on it comes back, the broker has read these
files, and all that it accepted before was delivered to the bridge before.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from tidewire.declare.registry import registry
from tidewire.ground.conf import conf
from tidewire.mqtt import names, passwords
from tidewire.mqtt.users import Access, bridge_password

PASSWORDS, ACL = "passwords", "acl"
_HOLDER = re.compile(r"# holder (\S+) (\S+)")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@dataclass(frozen=True, slots=True)
class Files:
    """The text of both files."""

    passwords: str
    acl: str
    generation: str


def render(access: Access, holders: Mapping[str, str] | None = None) -> Files:
    """Returns the files for this access, with other `holders` where they are given."""
    access = access if holders is None else replace(access, holders=holders)
    users = [user for user in access.users if _NAME.fullmatch(user.name) and user.name != conf.MQTT_USER]
    password_lines = [f"{user.name}:{user.hashed}" for user in users]
    password_lines.append(f"{conf.MQTT_USER}:{_bridge_hash(bridge_password())}")
    paths: dict[str, list[str]] = {}
    for path, user in sorted(access.holders.items()):
        paths.setdefault(user, []).append(path)
    sections = [_section(user.name, access.readable.get(user.name, ()), paths.get(user.name, ())) for user in users]
    body = "\n".join([*_patterns(), "", *(line for section in sections for line in section), *_bridge_lines()])
    marks = "\n".join(f"# holder {path} {user}" for path, user in sorted(access.holders.items()))
    passwords_text = "\n".join(sorted(password_lines)) + "\n"
    generation = hashlib.sha256(f"{passwords_text}{body}{marks}".encode()).hexdigest()[:16]
    own = f"topic read {names.probe(generation)}"
    return Files(passwords_text, f"{body}\n{own}\n{marks}\n", generation)


@lru_cache(4)
def _bridge_hash(password: str) -> str:
    return passwords.hashed(password)


def _patterns() -> list[str]:
    """What every user may do below its own name."""
    writes = [f"pattern write {names.below('keys', '%u', topic.filter)}" for topic in registry.topics]
    return [*writes, f"pattern read {names.answers('%u')}#", f"pattern read {names.refused('%u', '#')}"]


def _section(user: str, streams: Iterable[str], paths: Iterable[str]) -> list[str]:
    lines = [f"topic write {names.below(path)}" for path in paths]
    for stream in sorted(streams):
        lines += [f"topic read {names.events_filter(stream)}", f"topic read {names.states_filter(stream)}"]
    return [f"user {user}", *lines, ""] if lines else []


def _bridge_lines() -> list[str]:
    writes = [names.below(first, "#") for first in ("streams", "answers", "refused", "bridge")]
    both = [names.below("state", "#"), *conf.MQTT_MORE_FILTERS]
    return [
        f"user {conf.MQTT_USER}",
        *(f"topic write {each}" for each in writes),
        *(f"topic read {each}" for each in (*names.incoming_filters(), names.states_mark(), names.asked())),
        *(f"topic readwrite {each}" for each in both),
    ]


# -- the folder ----------------------------------------------------------------------------------------------------


def folder() -> Path | None:
    return Path(conf.MQTT_FILES) if conf.MQTT_FILES else None


def stored(place: Path) -> Files | None:
    """Returns the files as they are, or None where there are none."""
    try:
        texts = [(place / name).read_text() for name in (PASSWORDS, ACL)]
    except FileNotFoundError:
        return None
    marks = re.findall(rf"^topic read {re.escape(names.probe(''))}(\S+)$", texts[1], re.M)
    return Files(texts[0], texts[1], marks[-1] if marks else "")


def holders_in(files: Files | None) -> dict[str, str]:
    """Returns {path: user} as the broker has it from these files."""
    return {match[1]: match[2] for match in _HOLDER.finditer(files.acl)} if files else {}


def write(files: Files, place: Path) -> bool:
    """Writes both files where they differ. Returns whether one did. Only this user and its group can read them."""
    place.mkdir(mode=0o750, parents=True, exist_ok=True)
    pairs = ((PASSWORDS, files.passwords), (ACL, files.acl))
    changed = [_replace(place / name, text) for name, text in pairs]
    return any(changed)


def _replace(path: Path, text: str) -> bool:
    """Writes a whole file or none of it: the broker may read at any time."""
    if path.exists() and path.read_text() == text:
        return False
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).chmod(0o640)
    Path(temporary).replace(path)
    return True
