"""Restarts behind a real nginx, with deploy/nginx.conf, while many clients write through it."""

from __future__ import annotations

import os
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.rig.proxies import nginx
from tests.rig.rest import API, Person
from tests.rig.site import Server, Site, Sites
from tests.rig.verify import figure
from tests.tidewire.serve.served import Served, children, wait_until

pytestmark = pytest.mark.verify

WRITERS = 32
KILLS = 8
SETTINGS = {
    "LAME_DUCK_SECONDS": "3",
    "DRAIN_SECONDS": "1",
    "TRUSTED_PROXIES": "1",
    "MAX_VIEWS_PER_ACCOUNT": "0",
    "MAX_HTTP_PER_ADDRESS": "0",
}


class Writers:
    """Clients that post and read through nginx without a pause. `answers` counts what they got, by status; `texts`
    are those whose answer was 201."""

    def __init__(self, url: str, person: Person, room: str) -> None:
        self._url, self._room, self._token = url, room, person.access
        self.answers: Counter[str] = Counter()
        self.texts: list[str] = []
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(WRITERS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _run(self, number: int) -> None:
        path = f"{API}rooms/{self._room}/messages/"
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(base_url=self._url, headers=headers, timeout=60, trust_env=False) as http:
            sent = 0
            while not self._is_over.is_set():
                text = f"{number}-{sent}"
                sent += 1
                status = http.post(path, json={"text": text}).status_code
                with self._lock:
                    self.answers[f"POST {status}"] += 1
                    if status == 201:
                        self.texts.append(text)
                if sent % 4 == 0:
                    answer = http.get(path, params={"limit": 1}).status_code
                    with self._lock:
                        self.answers[f"GET {answer}"] += 1


@contextmanager
def writing(url: str, person: Person, room: str) -> Iterator[Writers]:
    writers = Writers(url, person, room)
    try:
        assert wait_until(lambda: sum(writers.answers.values()) > 2 * WRITERS)
        yield writers
        before = sum(writers.answers.values())
        assert wait_until(lambda: sum(writers.answers.values()) > before + 2 * WRITERS)
    finally:
        writers.stop()


@pytest.fixture(scope="module")
def site(sites: Sites) -> Iterator[Site]:
    site = sites.make("grown", processes=1, settings=SETTINGS | {"ACCESS_TOKEN_SECONDS": "3600"})
    site.servers[:] = list[Server](
        Served(site.environment, site.folder / f"node-{number}.log", "--workers", "2") for number in range(2)
    )
    site.start()
    yield site
    site.stop()
    site.check_logs()


@pytest.fixture(scope="module")
def alice(site: Site) -> Person:
    return site.person("alice")


@pytest.fixture(scope="module")
def url(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("nginx") / "nginx"
    with nginx(folder, *(server.port for server in site.servers)) as url:
        yield url


def assert_nothing_failed(writers: Writers, what: str) -> None:
    figure(f"{what}, under {WRITERS} clients through nginx: {dict(writers.answers)}")
    assert set(writers.answers) == {"POST 201", "GET 200"}, writers.answers


def test_a_node_is_drained_and_no_request_fails(site: Site, alice: Person, url: str) -> None:
    room = alice.make_room()
    node = site.servers[1]
    with writing(url, alice, room) as writers:
        node.process.send_signal(signal.SIGTERM)
        assert node.process.wait(60) == 0
    assert_nothing_failed(writers, "one of two nodes drained")
    node.start()


def test_a_node_is_reloaded_and_no_request_fails(site: Site, alice: Person, url: str) -> None:
    room = alice.make_room()
    node = site.servers[0]
    before = set(children(node.process))
    with writing(url, alice, room) as writers:
        node.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: not before & set(children(node.process)), 120)
    assert_nothing_failed(writers, "one of two nodes reloaded")


def test_no_message_is_stored_twice_when_workers_are_killed(site: Site, alice: Person, url: str) -> None:
    room = alice.make_room()
    with writing(url, alice, room) as writers:
        for number in range(KILLS):
            node = site.servers[number % 2]
            assert wait_until(lambda node=node: len(children(node.process)) == 2 and is_serving(node), 120)
            os.kill(random.choice(children(node.process)), signal.SIGKILL)
    stored = Counter(texts(site, room))
    figure(f"{KILLS} workers killed, under {WRITERS} clients through nginx: {dict(writers.answers)}")

    assert [text for text, count in stored.items() if count > 1] == []
    assert [text for text in writers.texts if text not in stored] == []
    # 502: its worker was killed. 503: the other workers have no place for it. Neither was stored, or it was once.
    assert {answer[-3:] for answer in writers.answers} <= {"201", "200", "502", "503"}


def is_serving(node: Server) -> bool:
    answer = httpx.get(f"{node.url}/metrics", trust_env=False).text
    return "\ntidewire_workers 2.0\n" in answer


def texts(site: Site, room: str) -> list[str]:
    code = (
        f"from api.models import Message; print(*Message.objects.filter(room={room!r}).values_list('text', flat=True))"
    )
    return site.shell(code).split()
