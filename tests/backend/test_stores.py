"""Two URLs say where the data is: any password fits in one, and a malformed one is refused without being repeated."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured

from backend.redis_urls import Files
from backend.stores import CLUSTER_LAYER, channel_layer, database

PASSWORDS = ("p,w", "a/b+c==", "p@ss", "p#s?s", "p%s", "$x", "a b", "p:w", "ü", "%2C")


def addresses(url: str) -> list[str]:
    return [host["address"] for host in channel_layer(url)["CONFIG"]["hosts"]]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_redis_password_may_hold_any_character(password):
    from redis import asyncio as redis  # what the layer hands the address to

    for written in {quote(password, safe=""), *([password] if password != "%2C" else [])}:
        (address,) = addresses(f"redis://:{written}@127.0.0.1:6533/2")
        known = redis.ConnectionPool.from_url(address).connection_kwargs
        assert (known["password"], known["host"], known["port"], known["db"]) == (password, "127.0.0.1", 6533, 2)


def test_several_urls_are_shards():
    assert addresses("redis://a:1, redis://:p,w@b:2 ,rediss://c") == ["redis://a:1", "redis://:p%2Cw@b:2", "rediss://c"]
    assert addresses("unix:///run/redis.sock") == ["unix:///run/redis.sock"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_a_database_password_may_hold_any_character(password, tmp_path):
    for written in {quote(password, safe=""), *([password] if password != "%2C" else [])}:
        config: dict[str, Any] = database(f"postgres://user:{written}@host:5433/name", tmp_path, pool_size=5)
        known = (config["USER"], config["PASSWORD"], config["HOST"], config["PORT"], config["NAME"])
        assert known == ("user", password, "host", 5433, "name")


@pytest.mark.parametrize(
    "url",
    [
        "localhost:6379",
        "redis://host:port",
        "http://:secret@host",
        "redis:///0",
        "redis://host/name",
        "redis://a,b",
        ",",
    ],
)
def test_a_malformed_redis_url_is_refused_at_start(url):
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL") as refusal:
        channel_layer(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize(
    "url", ["postgres://u:secret@host:port/n", "mysql://u:secret@h/n", "nonsense", "postgres:/u:secret@h/n"]
)
def test_a_malformed_database_url_is_refused_at_start(url, tmp_path, recwarn):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refusal:
        database(url, tmp_path, pool_size=5)
    assert "secret" not in str(refusal.value)
    assert [str(warning.message) for warning in recwarn] == []


# -- the file of SQLite ------------------------------------------------------------------------------------------------


def modes(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mode & 0o777 for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """With which new files are readable for all users."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_new_database_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    name = database("", folder, 1)["NAME"]
    with contextlib.closing(sqlite3.connect(name)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE t (x)")
        made = modes(folder)

    assert folder.stat().st_mode & 0o777 == 0o700
    assert made == dict.fromkeys(("tidewire.sqlite3", "tidewire.sqlite3-wal", "tidewire.sqlite3-shm"), 0o600)


def test_a_database_that_others_could_read_is_taken_away_from_them(tmp_path: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        (tmp_path / f"db{suffix}").touch(mode=0o664)
        (tmp_path / f"db{suffix}").chmod(0o664)

    database(f"sqlite:///{tmp_path}/db", tmp_path / "unused", 1)

    assert modes(tmp_path) == dict.fromkeys(("db", "db-wal", "db-shm"), 0o660)


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    database("", tmp_path, 1)

    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert modes(tmp_path) == {"tidewire.sqlite3": 0o600}


def test_a_database_in_memory_makes_no_file(tmp_path: Path) -> None:
    database("sqlite://:memory:", tmp_path / "data", 1)

    assert list(tmp_path.iterdir()) == []


def test_sentinels_are_named_in_one_url():
    for password in PASSWORDS:
        (host,) = channel_layer(f"redis+sentinel://:{quote(password, safe='')}@one:26380,two/mymaster/3")["CONFIG"][
            "hosts"
        ]
        known = (host["sentinels"], host["master_name"], host["db"], host["password"])
        assert known == ([("one", 26380), ("two", 26379)], "mymaster", 3, password)
        assert host["sentinel_kwargs"]["socket_timeout"] > 0
    (host,) = channel_layer("redis+sentinel://one/mymaster")["CONFIG"]["hosts"]
    assert (host["sentinels"], host["db"]) == ([("one", 26379)], 0)
    assert "password" not in host


@pytest.mark.parametrize("rest", ["one:26379", "one/", "/mymaster", "one:port/mymaster", "one,/mymaster/0", "one/a/b"])
def test_a_malformed_sentinel_url_is_refused_at_start(rest):
    with pytest.raises(ImproperlyConfigured, match="redis\\+sentinel") as refusal:
        channel_layer(f"redis+sentinel://:secret@{rest}")
    assert "secret" not in str(refusal.value)


# -- clusters, Valkey, TLS ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("password", PASSWORDS)
def test_the_nodes_of_a_cluster_are_named_in_one_url(password):
    for written in {quote(password, safe=""), *([password] if password != "%2C" else [])}:
        layer = channel_layer(f"redis+cluster://user:{written}@one:7000,[fd00::1]:7001,two")
        assert layer["BACKEND"] == CLUSTER_LAYER
        (server,) = layer["CONFIG"]["hosts"]
        assert server["nodes"] == [("one", 7000), ("fd00::1", 7001), ("two", 6379)]
        assert (server["username"], server["password"]) == ("user", password)
        assert server["socket_timeout"] > 0


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis+cluster://:secret@one/3", "database 0 only"),
        ("redis+cluster://:secret@one,redis://two", "A cluster is one URL"),
        ("redis+cluster://:secret@", "redis\\+cluster"),
        ("redis+cluster://:secret@one,,two", "redis\\+cluster"),
        ("redis+cluster://:secret@one:70000", "redis\\+cluster"),
        ("redis+other://:secret@one", "redis\\+cluster"),
        ("unix+cluster://:secret@/run/redis.sock", "redis\\+cluster"),
        ("redis://:secret@one?socket_timeout=1", "'socket_timeout', which means nothing there"),
        ("redis://:secret@one?ssl_ca_certs=/etc/hosts", "'ssl_ca_certs', which means nothing there"),
        ("redis://:secret@one/0?sentinel_password=x", "'sentinel_password', which means nothing there"),
        ("rediss://:secret@one?ssl_ca_certs=/nowhere", "ssl_ca_certs in REDIS_URL is not a file"),
        ("rediss://:secret@one?ssl_cert_reqs=perhaps", "ssl_cert_reqs in REDIS_URL must be one of required"),
        ("rediss://:secret@one?ssl_check_hostname=1", "ssl_check_hostname in REDIS_URL must be true or false"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_start(url, text):
    with pytest.raises(ImproperlyConfigured, match=text) as refusal:
        channel_layer(url)
    assert "secret" not in str(refusal.value)


def test_valkey_has_schemes_of_its_own():
    assert addresses("valkey://u:p@a:1/2") == ["redis://u:p@a:1/2"]
    assert addresses("valkeys://a,valkey://b") == ["rediss://a", "redis://b"]
    assert channel_layer("valkey+cluster://a")["BACKEND"] == CLUSTER_LAYER
    (server,) = channel_layer("valkeys+sentinel://a/main")["CONFIG"]["hosts"]
    assert (server["ssl"], server["sentinel_kwargs"]["ssl"]) == (True, True)


def test_users_sockets_and_ipv6_reach_redis_as_they_are_written():
    from redis.asyncio import ConnectionPool

    for url, wanted in {
        "redis://user:p@ss@[::1]:6380/1": {
            "username": "user",
            "password": "p@ss",
            "host": "::1",
            "port": 6380,
            "db": 1,
        },
        "redis://user@host": {"username": "user", "host": "host"},
        "unix://user:p?w@/run/redis.sock?db=2": {
            "username": "user",
            "password": "p?w",
            "path": "/run/redis.sock",
            "db": 2,
        },
    }.items():
        (address,) = addresses(url)
        known = ConnectionPool.from_url(address).connection_kwargs
        assert {name: known.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("scheme", ["rediss://one", "rediss+cluster://one", "rediss+sentinel://one/main"])
def test_the_files_of_tls_are_those_of_every_form(scheme, tmp_path):
    paths = [tmp_path / name for name in ("ca", "certificate", "key")]
    for path in paths:
        path.touch()
    (server,) = channel_layer(scheme, Files(*map(str, paths)))["CONFIG"]["hosts"]
    wanted = dict(zip(("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"), map(str, paths), strict=True))
    assert server | wanted == server
    if "sentinel" in scheme:
        assert server["sentinel_kwargs"] | wanted == server["sentinel_kwargs"]
    (server,) = channel_layer(f"{scheme}?ssl_check_hostname=false&ssl_cert_reqs=none")["CONFIG"]["hosts"]
    assert (server["ssl_check_hostname"], server["ssl_cert_reqs"]) == (False, "none")
    with pytest.raises(ImproperlyConfigured, match="REDIS_CERT_FILE"):
        channel_layer(scheme, Files(certificate=str(tmp_path / "missing")))


def test_the_sentinels_have_users_of_their_own():
    url = "redis+sentinel://user:p@one/main"
    for made in (
        channel_layer(url, sentinel=("watcher", "s,e@c/r?t")),
        channel_layer(f"{url}/0?sentinel_username=watcher&sentinel_password={quote('s,e@c/r?t', safe='')}"),
    ):
        (server,) = made["CONFIG"]["hosts"]
        asking = server["sentinel_kwargs"]
        assert (asking["username"], asking["password"]) == ("watcher", "s,e@c/r?t")
        assert (server["username"], server["password"]) == ("user", "p")
