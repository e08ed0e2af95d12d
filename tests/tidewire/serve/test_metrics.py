"""/metrics: what it counts, who may read it, and the sums over several workers."""

import re

import httpx
import pytest
from prometheus_client import Counter, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.rig.raw import RawSocket
from tests.rig.rest import channel
from tests.rig.site import ROOT, Site
from tests.tidewire.serve.served import Served, children, wait_until
from tidewire.engine import first_counts
from tidewire.ground import metrics

TOKEN = "a-token-for-metrics"


@pytest.fixture(scope="module")
def site(make_site) -> Site:
    return make_site(METRICS_TOKEN=TOKEN, TRUSTED_PROXIES="1")


def families(served: Served) -> list[Metric]:
    return list(text_string_to_metric_families(served.get("/metrics").text))


def samples(served: Served) -> dict[tuple[str, ...], float]:
    """Returns {(name, *label values): value}."""
    text = served.get("/metrics").text
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_connections_commands_events_and_recoveries_are_counted(site: Site) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        position = client.subscribe(channel(room))["subscribe"]
        alice.say(room, "hello")
        client.receive()
        client.subscribe("room:none", id=3)
        assert wait_until(lambda: samples(site.server).get(("tidewire_connections",)) == 1)
        now = samples(site.server)
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        client.subscribe(channel(room), recover=True, epoch=position["epoch"], offset=position.get("offset", 0))
        client.send_frame("not JSON")
        assert client.close_code() == 3501
    later = samples(site.server)

    assert now["tidewire_users",] == now["tidewire_subscriptions", "room"] == 1
    assert now["tidewire_replies_total", "0", "connect"] == 1
    assert now["tidewire_replies_total", "103", "subscribe"] == 1
    assert now["tidewire_events_dispatched_total", "room"] >= 1
    assert now["tidewire_deliveries_total", "room"] >= 1
    assert later["tidewire_recoveries_total", "recovered"] == 1
    assert later["tidewire_recovered_events_total",] == 1
    assert later["tidewire_disconnects_total", "3501"] == 1


def test_requests_are_counted_by_method_route_and_class_of_status(site: Site) -> None:
    alice = site.person("alice")
    room, before = alice.make_room(), samples(site.server)
    route = "api/v1/rooms/<id:room_id>/messages/"
    for _ in range(3):
        alice.say(room, "hello")
    site.server.get(f"/api/v1/rooms/{room}/messages/")
    site.server.get("/nowhere")
    httpx.request("BREW", f"{site.url}/nowhere", trust_env=False)

    now = samples(site.server)

    def grown(*key: str) -> float:
        return now[key] - before.get(key, 0)

    assert grown("tidewire_http_requests_total", "POST", route, "2xx") == 3
    assert grown("tidewire_http_requests_total", "GET", route, "4xx") == 1
    assert grown("tidewire_http_requests_total", "GET", "none", "4xx") == 1
    assert grown("tidewire_http_requests_total", "other", "none", "4xx") == 1
    assert grown("tidewire_http_request_seconds_count", "POST", route) == 3
    assert 0 < grown("tidewire_http_request_seconds_sum", "POST", route) < 5
    assert grown("tidewire_received_bytes_total", "http") >= 3 * len('{"text":"hello"}')
    assert grown("tidewire_sent_bytes_total", "http") > 1000


def test_closes_bytes_times_and_readers_are_shown(site: Site) -> None:
    alice = site.person("alice")
    room, before = alice.make_room(), samples(site.server)
    url = f"{site.url}/api/v1/streams/events/?stream=room:{room}"
    with httpx.stream("GET", url, headers={"Authorization": f"Bearer {alice.access}"}, trust_env=False, timeout=20):
        with RawSocket(site.ws_url) as client:
            client.connect(alice.fresh_token())
            client.subscribe(channel(room))
            alice.say(room, "x" * 2000)
            client.receive()
            assert wait_until(lambda: samples(site.server)["tidewire_door_readers", "event source"] == 1)
            assert samples(site.server)["tidewire_door_readers", "websocket"] == 1
        with RawSocket(site.ws_url) as client:
            client.send_frame("not JSON")
            assert client.close_code() == 3501
    assert wait_until(lambda: ("tidewire_socket_closes_total", "3501", "server") in samples(site.server))
    now = samples(site.server)

    def grown(*key: str) -> float:
        return now[key] - before.get(key, 0)

    assert grown("tidewire_socket_closes_total", "1000", "client") == 1
    assert grown("tidewire_socket_closes_total", "3501", "server") == 1
    assert grown("tidewire_delivery_seconds_count", "room") == 1
    assert 0 < grown("tidewire_delivery_seconds_sum", "room") < 2
    assert wait_until(lambda: samples(site.server)["tidewire_sent_bytes_total", "socket"] > 4000)
    assert samples(site.server)["tidewire_received_bytes_total", "socket"] > 100
    assert samples(site.server)["tidewire_view_places",] == 15
    assert samples(site.server)["tidewire_views_waiting",] == 0
    assert now["tidewire_door_lag_seconds", "log events"] == 0


LATER = {
    "tidewire_http_requests": "routes and methods are too many; tidewire_server_errors counts failures of all",
    "tidewire_http_request_seconds": "likewise",
    "tidewire_replies": "commands and codes are too many, and no alert asks for them",
    "tidewire_socket_closes": "codes and sides likewise; tidewire_disconnects counts the server's",
    "tidewire_mqtt_messages_received": "of bridges, which begin it: see tests/mqtt",
    "tidewire_webhook_attempts": "of workers of webhooks, see tests/tidewire/webhooks",
}
"""{counter with labels whose series appear when something is counted: why}. A series that appears has not grown, so
`rate()` does not see its first count."""


def test_counters_begin_at_zero(make_site) -> None:
    """Whatever a process may count, a scrape of its first seconds has it at 0."""
    shown = {family.name: family for family in families(make_site().server)}
    for metric in vars(metrics).values():
        if isinstance(metric, Counter | Histogram) and metric._labelnames and metric._name not in LATER:
            assert shown[metric._name].samples, metric._name
    for name, labels in (("disconnects", {"code": "3008"}), ("refusals", {"code": "busy"})):
        (value,) = [sample.value for sample in shown[f"tidewire_{name}"].samples if sample.labels == labels]
        assert value == 0
    assert {sample.labels["kind"] for sample in shown["tidewire_stream_restarts"].samples} >= {"room", "revocations"}


def test_the_reasons_that_begin_at_zero_are_those_of_the_code() -> None:
    text = "".join((ROOT / "tidewire" / path).read_text() for path in ("layer/mailbox.py", "layer/signatures.py"))
    assert set(re.findall(r'_refuse\("(\w+)"|RefusedMessageError\("(\w+)"', text)) == {
        *((reason, "") for reason in ("malformed", "replayed")),
        *(("", reason) for reason in first_counts.REFUSED_MESSAGES if reason not in ("malformed", "replayed")),
    }
    text = "".join((ROOT / "tidewire/serve" / name).read_text() for name in ("http_places.py", "unread_answers.py"))
    assert set(re.findall(r'(?:_end|_cut_off)\(.*, "(\w+)"\)', text)) == set(first_counts.CUT_OFFS)


def test_a_code_that_a_client_makes_up_is_no_label(site: Site) -> None:
    with RawSocket(site.ws_url) as client:
        client.connect(site.person("alice").fresh_token())
        client.close(4321)
    assert wait_until(lambda: ("tidewire_socket_closes_total", "other", "client") in samples(site.server))


def test_no_label_names_a_stream_or_a_user(site: Site) -> None:
    alice = site.person("alice")
    room = alice.make_room()
    with RawSocket(site.ws_url) as client:
        client.connect(alice.fresh_token())
        client.subscribe(channel(room))

    text = site.server.get("/metrics").text
    assert room not in text
    assert alice.id not in text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # this machine
        ({"X-Forwarded-For": "203.0.113.5"}, 404),
        ({"X-Forwarded-For": "127.0.0.1"}, 404),  # it came through a proxy, whatever the header says
        ({"X-Forwarded-For": "203.0.113.5", "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"X-Forwarded-For": "203.0.113.5", "Authorization": "Bearer other"}, 404),
    ],
)
def test_it_is_not_public(site: Site, headers: dict[str, str], status: int) -> None:
    assert site.server.get("/metrics", headers=headers).status_code == status


def test_an_unset_token_matches_no_credential(make_site) -> None:
    served = make_site().server

    for authorization in ("Bearer", "Basic eDp5"):
        headers = {"X-Forwarded-For": "203.0.113.5", "Authorization": authorization}
        assert served.get("/metrics", headers=headers).status_code == 404


def test_counts_are_summed_over_workers(make_site) -> None:
    site = make_site("grown", ("--workers", "2"))
    alice = site.person("alice")
    clients = [RawSocket(site.ws_url) for _ in range(10)]
    for client in clients:
        client.connect(alice.fresh_token())

    assert wait_until(lambda: samples(site.server).get(("tidewire_connections",)) == 10)
    now = samples(site.server)
    assert now["tidewire_replies_total", "0", "connect"] == 10
    workers = {str(pid) for pid in children(site.server.process)}
    for name in ("resident_bytes", "cpu_seconds", "started_at_seconds", "threads", "open_descriptors"):
        figures = {key[1]: value for key, value in now.items() if key[0] == f"tidewire_worker_{name}"}
        assert figures.keys() == workers, name
        assert min(figures.values()) > 0, name
    assert now["tidewire_database_pool_size",] == 40
    assert now["tidewire_connection_places",] == 20_000
    for client in clients:
        client.close()
