"""One trace from a request in one process to the push of another; and an error that arrives at Sentry with its id.

Both are sent, by the packages that a deployment uses, to a collector of this test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.rig.collector import Collector
from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import Site, Sites
from tests.tidewire.serve.served import wait_until

TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
STEPS = ["transaction", "record", "publish", "dispatch", "send"]


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.stop()


@pytest.fixture(scope="module")
def site(sites: Sites, collector: Collector) -> Iterator[Site]:
    """Two processes, on PostgreSQL and Redis."""
    settings = {**collector.settings, "LOG_JSON": "on", "TIDEWIRE_EXTRA_APPS": "tests.rig.crashing"}
    site = sites.make("grown", processes=2, settings=settings)
    site.start()
    yield site
    site.stop()


def lines(site: Site) -> list[dict[str, Any]]:
    texts = [line for server in site.servers for line in server.log.read_text().splitlines()]
    return [json.loads(text) for text in texts if text.startswith("{")]


def traces_in_log(site: Site, room: str) -> list[str]:
    """Returns the trace of each event of a room, as the log has it."""
    rows = f"Event.objects.filter(stream__name='room:{room}').order_by('offset').values_list('trace', flat=True)"
    return json.loads(site.shell(f"import json; from tidewire.models import Event; print(json.dumps(list({rows})))"))


def test_one_trace_leads_from_the_request_to_the_push_of_another_process(site: Site, collector: Collector) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    with RawSocket(site.servers[1].ws_url) as client:
        client.connect(alice.fresh_token())
        client.subscribe(channel(room))
        headers = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
        answer = alice.send("POST", f"rooms/{room}/messages/", {"text": "hello"}, headers=headers)
        push = client.receive()

    route = "api/v1/rooms/<id:room_id>/messages/"
    names = sorted([f"POST {route}", *STEPS])
    assert wait_until(lambda: sorted(span.name for span in collector.of(TRACE)) == names, 15), collector.of(TRACE)
    spans = {span.name: span for span in collector.of(TRACE)}
    request = spans[f"POST {route}"]
    parents = {name: spans[name].parent for name in STEPS}
    assert request.parent == PARENT
    assert parents == {
        "transaction": request.id,
        "record": spans["transaction"].id,
        "publish": spans["record"].id,
        "dispatch": spans["record"].id,
        "send": spans["dispatch"].id,
    }
    assert request.attributes["http.response.status_code"] == answer.status_code == 201
    assert request.attributes["http.route"] == route
    assert spans["dispatch"].attributes == {
        "stream.kind": "room",
        "event.type": "message.created",
        "event.offset": push["push"]["pub"]["offset"],
        "subscriptions": 1,
    }
    assert all(0 <= span.seconds < 10 for span in spans.values())

    (line,) = [line for line in lines(site) if line.get("trace_id") == TRACE]
    assert (line["event"], line["request_id"]) == (f"POST {route} 201", answer.headers["X-Request-ID"])

    assert traces_in_log(site, room)[-1] == f"00-{TRACE}-{spans['record'].id}-01"
    assert TRACE not in json.dumps(push)  # the context is for operators
    assert TRACE not in answer.text


def test_a_problem_and_the_log_name_the_trace_that_the_server_began(site: Site, collector: Collector) -> None:
    alice = site.person("bob")
    answer = alice.send("GET", f"rooms/{alice.id}/")
    trace = answer.json()["trace_id"]
    assert answer.status_code == 404
    assert wait_until(lambda: bool(collector.of(trace)), 15)
    (span,) = collector.of(trace)
    assert (span.parent, span.attributes["http.response.status_code"]) == ("", 404)
    assert span.attributes["tidewire.request_id"] == answer.headers["X-Request-ID"]
    assert [line["status"] for line in lines(site) if line.get("trace_id") == trace] == [404]


@pytest.mark.parametrize(
    "odd",
    [
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        "x" * 5000,
    ],
)
def test_a_traceparent_that_is_not_valid_is_not_honoured(site: Site, odd: str) -> None:
    answer = site.person("x").send("GET", "rooms/x/", headers={"traceparent": odd})
    assert answer.json()["trace_id"] not in (TRACE, "0" * 32)


def test_a_trace_that_is_not_sampled_leaves_nothing(site: Site, collector: Collector) -> None:
    alice = site.person("alice")
    trace = "1" * 31 + "a"
    headers = {"traceparent": f"00-{trace}-{PARENT}-00"}
    room = alice.send("POST", "rooms/", {"name": "quiet", "kind": "private"}, headers=headers).json()["id"]
    later = alice.send("GET", f"rooms/{alice.id}/").json()["trace_id"]
    assert wait_until(lambda: bool(collector.of(later)), 15)
    assert collector.of(trace) == []
    assert [line["trace_id"] for line in lines(site) if line.get("trace_id") == trace] == [trace]
    assert set(traces_in_log(site, room)) == {""}


def test_an_error_arrives_at_sentry_with_the_id_that_the_client_was_given(site: Site, collector: Collector) -> None:
    alice = site.person("alice")
    headers = {"Authorization": f"Bearer {alice.access}", "Cookie": "sessionid=a-session"}
    answer = alice.http.get("/api/v1/crash/?token=a-secret", headers=headers)
    assert answer.status_code == 500
    request_id = answer.headers["X-Request-ID"]

    def found() -> list[dict[str, Any]]:
        return [
            error
            for error in collector.errors
            if error.get("tags", {}).get("request_id") == request_id and "exception" in error
        ]

    assert wait_until(lambda: bool(found()), 15), collector.errors
    (error,) = found()
    assert error["exception"]["values"][-1]["value"] == "planted"
    assert error["tags"]["trace_id"] == answer.json()["trace_id"]
    assert error["transaction"] == "/api/v1/crash/"
    for secret in (alice.access, "a-session", "a-secret"):
        assert secret.encode() not in collector.raw_errors
