"""The end of a process, and a reload, over HTTP/2: answers are finished, and clients are sent elsewhere."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.rig.http2 import HTTP2Client
from tests.rig.site import Sites
from tests.tidewire.serve.http2.conftest import MakeEncrypted
from tests.tidewire.serve.http2.encrypted import Encrypted
from tests.tidewire.serve.http2.test_certificates import der, make, shown
from tests.tidewire.serve.served import children, wait_until


def test_a_process_that_drains_says_goaway_and_answers_what_was_asked(make_encrypted: MakeEncrypted) -> None:
    served = make_encrypted(LAME_DUCK_SECONDS="2")
    person = served.person("alice")
    room = person.make_room("drained")
    with HTTP2Client(served.port) as client, HTTP2Client(served.port) as idle:
        assert idle.get("/healthz").status == 200
        events = client.request("GET", f"/api/v1/streams/room:{room}/log/?live=sse&offset=now", token=person.access)
        assert client.until(lambda: client.answers[events].status == 200)
        unfinished = client.request("POST", "/api/v1/rooms/", b"{", token=person.access, ends=False)
        served.drain()

        in_lame_duck = client.get("/api/v1/me/", person.access)
        assert client.until(lambda: client.goaway is not None)
        client.send(b"")
        served_to_the_end = client.answers[events]
        assert in_lame_duck.status == 200
        assert idle.wait_for_end(30) == 0
        client.until(lambda: client.is_closed, 30)

        assert client.goaway == 0
        assert served_to_the_end.is_ended
        assert not client.answers[unfinished].is_ended
    person.close()
    assert served.wait_for_end(40) == 0


@pytest.mark.verify  # two starts of a supervisor; the parts are shown one by one
def test_several_workers_share_a_certificate_and_a_reload_takes_a_new_one(sites: Sites, tmp_path: Path) -> None:
    pair = make(tmp_path / "pair")
    site = sites.make("grown")
    served = Encrypted(
        site.environment, site.folder / "served.log", *pair.arguments, "--workers", "2", certificate=pair.chain
    )
    site.servers = [served]
    site.start()
    try:
        person = served.person("alice")
        assert person.get("me/")["name"] == "alice"
        with HTTP2Client(served.port) as client:
            before = set(children(served.process))
            make(tmp_path / "pair")
            served.process.send_signal(signal.SIGHUP)
            assert wait_until(lambda: not before & set(children(served.process)), 90)
            assert shown(served) == der(pair.chain)
            assert client.wait_for_end(30) == 0
        pair.key.write_text("half a file")
        after = set(children(served.process))
        served.process.send_signal(signal.SIGHUP)
        assert wait_until(lambda: "reload refused" in served.log.read_text(), 60)
        assert set(children(served.process)) & after == after
        person.close()
    finally:
        site.stop()
