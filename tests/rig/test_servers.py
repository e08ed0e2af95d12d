"""The rig's own test: real servers, also where neither PostgreSQL nor Redis is installed."""

import os
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.rig import servers

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def postgresql() -> Iterator[servers.PostgreSQL]:
    """From the wheel, as on a machine without PostgreSQL."""
    binaries = servers.find_postgresql(path="", debian=None)
    assert binaries.copied_from is not None
    server = servers.start_postgresql(binaries)
    yield server
    server.stop()


@pytest.fixture
def redis_server() -> Iterator[servers.Redis]:
    """From the wheel, as on a machine without Redis."""
    binaries = servers.find_redis(path="")
    assert binaries.copied_from is not None
    server = servers.start_redis(binaries)
    yield server
    server.stop()


def test_postgresql_of_the_wheel_answers(postgresql: servers.PostgreSQL) -> None:
    with psycopg.connect(postgresql.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_postgresql_refuses_a_wrong_password(postgresql: servers.PostgreSQL) -> None:
    user, _, rest = postgresql.url.rpartition("@")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(f"{user}x@{rest}")


def test_what_is_on_the_path_comes_before_the_wheels() -> None:
    folder = servers.temporary_folder("path")
    for name in ("postgres", "initdb", "redis-server"):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    assert servers.find_postgresql(path=str(folder), debian=None) == servers.Binaries(folder)
    assert servers.find_redis(path=str(folder)) == servers.Binaries(folder)


def test_servers_that_are_named_are_used_and_left_running(
    postgresql: servers.PostgreSQL, redis_server: servers.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEST_DATABASE_URL", postgresql.url)
    monkeypatch.setenv("TEST_REDIS_URL", redis_server.url)
    named, named_redis = servers.start_postgresql(), servers.redis_for_tests()
    assert (named.process, named_redis.url) == (None, redis_server.url)
    with psycopg.connect(named.create_database("borrowed")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    named.stop()
    named_redis.stop()
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(named.database_url("borrowed"))
    with psycopg.connect(postgresql.url) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert redis_server.is_answering()


def test_a_database_is_cloned_from_its_template(postgresql: servers.PostgreSQL) -> None:
    with psycopg.connect(postgresql.create_database("original"), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int)")
    with psycopg.connect(postgresql.create_database("copy", template="original")) as connection:
        assert connection.execute("SELECT count(*) FROM kept").fetchone() == (0,)


@pytest.mark.skipif(os.getuid() != 0, reason="only root changes user")
def test_as_root_the_servers_run_as_nobody(postgresql: servers.PostgreSQL, redis_server: servers.Redis) -> None:
    assert postgresql.process is not None
    owners = {Path(f"/proc/{process.pid}").owner() for process in (postgresql.process, redis_server.process)}
    assert owners == {"nobody"}


def test_redis_of_the_wheel_answers(redis_server: servers.Redis) -> None:
    with redis.Redis.from_url(redis_server.url, socket_timeout=2) as client:
        assert client.ping() is True


def test_redis_comes_back_empty_on_the_same_port(redis_server: servers.Redis) -> None:
    with redis.Redis.from_url(redis_server.url, socket_timeout=2) as client:
        client.set("key", "value")
        redis_server.kill()
        assert not redis_server.is_answering()
        redis_server.start()
        assert client.get("key") is None


def test_a_paused_redis_accepts_and_does_not_answer(redis_server: servers.Redis) -> None:
    redis_server.pause()
    with socket.create_connection(("127.0.0.1", redis_server.port), timeout=0.3) as connection:
        connection.sendall(b"PING\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(16)
    redis_server.resume()
    assert redis_server.is_answering()


def test_ports_lie_below_the_ephemeral_range() -> None:
    assert all(1024 <= servers.free_port() < 32768 for _ in range(50))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the kernel in Linux's way")
def test_servers_die_with_a_killed_run() -> None:
    script = textwrap.dedent("""
        from tests.rig import servers
        server = servers.start_redis()
        print(server.process.pid, server.port, flush=True)
        import time; time.sleep(60)
    """)
    run = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    pid, port = map(int, run.stdout.readline().split())
    assert Path(f"/proc/{pid}").exists()
    run.kill()
    run.wait()
    run.stdout.close()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return
        time.sleep(0.02)
    pytest.fail(f"the server on port {port} outlived its run")
