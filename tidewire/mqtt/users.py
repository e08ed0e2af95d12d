"""The users of the broker: what each may publish and subscribe to.

The application says who they are: `TIDEWIRE["MQTT_USERS"]` names a function without parameters that returns a list of
`MqttUser`. Which streams each may read, the declarations say, as for every other door.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.utils.crypto import salted_hmac
from django.utils.module_loading import import_string

from tidewire.declare.registry import registry
from tidewire.engine import access
from tidewire.ground.conf import conf
from tidewire.ground.credentials import Identity
from tidewire.log.database import log_alias
from tidewire.log.tables import Stream

SCOPE_KEY = "tidewire.mqtt.user"
"""The key in the scope of a request that the bridge makes: the name of the user. No client can put it there."""


@dataclass(frozen=True, slots=True)
class MqttUser:
    """A user of the broker. `name` is what it signs in with, `hashed` the hash of its password as `passwords.hashed`
    returns it, and `identity` what the credential behind it allows."""

    name: str
    hashed: str
    identity: Identity


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what at the broker, at one moment. `readable` are the streams of each user, `holders` the user of each
    path that one user has for itself."""

    users: tuple[MqttUser, ...] = ()
    readable: Mapping[str, frozenset[str]] = field(default_factory=dict)
    holders: Mapping[str, str] = field(default_factory=dict)


def read() -> Access:
    """Returns the access of all users now. Runs in a database thread: two queries and those of the declarations."""
    users: list[MqttUser] = import_string(conf.MQTT_USERS)() if conf.MQTT_USERS else []
    kinds = {name for name, kind in registry.kinds.items() if kind.is_on_mqtt}
    names = [name for name in _stream_names() if name.partition(":")[0] in kinds]
    wanted = {user.identity.user_id: frozenset(names) for user in users}
    permitted = dict(zip(wanted, access.permitted_all(list(wanted.items())), strict=True)) if names else {}
    readable = {user.name: _of(user.identity, permitted.get(user.identity.user_id, ())) for user in users}
    known = {user.name for user in users}
    holders = {path: name for path, name in _holders() if name in known}
    return Access(tuple(users), readable, holders)


def _stream_names() -> list[str]:
    return list(Stream.objects.using(log_alias()).order_by("name").values_list("name", flat=True))


def _of(identity: Identity, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if identity.may_read(name))


def _holders() -> Iterable[tuple[str, str]]:
    return [pair for topic in registry.topics if topic.holders for pair in topic.holders().items()]


def bridge_password() -> str:
    """Returns the password of the bridge itself: MQTT_PASSWORD, or one that only this installation can make."""
    return conf.MQTT_PASSWORD or salted_hmac("tidewire.mqtt.password", "", algorithm="sha256").hexdigest()


def client_id(part: str) -> str:
    """Returns the client id of a part of the bridge. Another client that used it would end the bridge's connection, so
    it cannot be guessed."""
    return f"tidewire-{part}-" + salted_hmac("tidewire.mqtt.client", part, algorithm="sha256").hexdigest()[:24]
