"""Several processes on one port: restarted when they die, replaced one by one, ended together."""

import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.rig import servers
from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import ROOT, Site
from tests.tidewire.serve.served import Served, children, wait_until


@pytest.fixture
def site(make_site) -> Site:
    return make_site("grown", ("--workers", "2"), DRAIN_SECONDS="1.0", MAX_CONNECTIONS_PER_USER="0")


@pytest.fixture
def inherited():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        yield listening


def workers(site: Site) -> list[int]:
    return children(site.server.process)


def two_serve(site: Site) -> bool:
    return site.server.log.read_text().count("serving, process") >= 2


def test_events_reach_the_clients_of_both_workers(site: Site) -> None:
    assert wait_until(lambda: two_serve(site))
    alice = site.person("alice")
    room = alice.make_room()
    clients = [RawSocket(site.ws_url) for _ in range(12)]
    for client in clients:
        client.connect(alice.fresh_token())
        client.subscribe(channel(room))

    alice.say(room, "hello")

    for client in clients:
        assert client.receive()["push"]["pub"]["data"]["data"]["text"] == "hello"
        client.close()


def test_a_killed_worker_is_replaced_and_the_other_serves_on(site: Site) -> None:
    assert wait_until(lambda: two_serve(site))
    before = workers(site)

    os.kill(before[0], signal.SIGKILL)

    assert wait_until(lambda: len(workers(site)) == 2 and before[0] not in workers(site))
    assert before[1] in workers(site)
    assert all(site.server.get("/healthz").status_code == 200 for _ in range(10))


def test_sighup_replaces_all_workers_and_no_request_fails(site: Site) -> None:
    assert wait_until(lambda: two_serve(site))
    before = set(workers(site))
    site.server.process.send_signal(signal.SIGHUP)

    statuses = set()
    assert wait_until(lambda: statuses.add(site.server.get("/healthz").status_code) or is_replaced(site, before), 60)

    assert statuses == {200}


def is_replaced(site: Site, before: set[int]) -> bool:
    now = set(workers(site))
    return len(now) == 2 and not now & before


def test_sigterm_drains_all_workers_and_the_exit_status_is_0(site: Site) -> None:
    assert wait_until(lambda: two_serve(site))
    alice = site.person("alice")
    clients = [RawSocket(site.ws_url) for _ in range(20)]
    for client in clients:
        client.connect(alice.fresh_token())

    site.server.drain()

    assert {client.close_code() for client in clients} == {3001}
    assert site.server.wait_for_end() == 0


def test_workers_do_not_outlive_a_killed_supervisor(site: Site) -> None:
    assert wait_until(lambda: two_serve(site))
    orphans = workers(site)

    site.server.kill()

    assert wait_until(lambda: not any(is_running(pid) for pid in orphans))


def is_running(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_worker_does_not_serve_for_a_supervisor_that_died_meanwhile(make_site, inherited: socket.socket) -> None:
    """A worker takes seconds to start. A supervisor that is killed meanwhile never reads that it serves."""
    site = make_site()
    supervisors, pipe = socket.socketpair()
    orphan = spawn(
        site,
        ["--skip-checks", "--fd", str(inherited.fileno()), "--supervisor-fd", str(pipe.fileno())],
        inherited,
        pipe,
    )
    supervisors.close()
    pipe.close()
    try:
        assert orphan.wait(60) == 0
    finally:
        servers.end(orphan, signal.SIGKILL)


def test_several_workers_need_shared_stores(make_site) -> None:
    site = make_site()

    done = serve(site, "--workers", "2")

    assert done.returncode != 0
    assert "REDIS_URL" in done.stderr
    done = serve(site, "--workers", "2", REDIS_URL="redis://127.0.0.1:1/0")
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr


def serve(site: Site, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", "serve", "--port", str(servers.free_port()), *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=site.environment | environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_taken_port_is_reported_without_a_traceback(make_site) -> None:
    site = make_site()

    done = serve(site, "--port", str(site.server.port))

    assert done.returncode != 0
    assert f"cannot listen on 127.0.0.1:{site.server.port}" in done.stderr
    assert "Traceback" not in done.stderr


# -- inherited sockets -----------------------------------------------------------------------------------------------


def test_it_listens_on_an_inherited_descriptor(make_site, inherited: socket.socket) -> None:
    """As Supervisor passes it: bound, and not listening yet."""
    site = make_site()
    serving = spawn(site, ["--fd", str(inherited.fileno())], inherited)
    try:
        assert wait_until(lambda: answers(inherited))
    finally:
        servers.end(serving, signal.SIGTERM)
    assert serving.returncode == 0


def test_it_listens_on_systemds_socket_and_notifies_it(make_site, inherited: socket.socket, tmp_path) -> None:
    """LISTEN_PID must hold the server's process id, so a shell sets it and then becomes the server."""
    site = make_site()
    inherited.listen()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(30)
        script = f'exec 3<&{inherited.fileno()}; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" manage.py serve'
        environment = site.environment | {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        serving = subprocess.Popen(
            ["/bin/bash", "-c", script, sys.executable], cwd=ROOT, env=environment, pass_fds=[inherited.fileno()]
        )
        try:
            assert systemd.recv(100) == b"READY=1"
            assert wait_until(lambda: answers(inherited))
            started = time.monotonic()
            serving.terminate()
            assert systemd.recv(100) == b"STOPPING=1"
            assert serving.wait(15) == 0
            assert time.monotonic() - started < 3
        finally:
            servers.end(serving, signal.SIGKILL)


def spawn(site: Site, arguments: list[str], *passed: socket.socket) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "serve", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=site.environment, pass_fds=[each.fileno() for each in passed])


def answers(listening: socket.socket) -> bool:
    served = Served({}, ROOT / "none")
    served.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    return served.is_ready()
