"""Request quotas and their headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial

import pytest
from redis import Redis

from api.auth import keys, quotas, request_counters
from api.auth.quotas import Count
from api.auth.request_counters import ClusterCounter, Counter, MemoryCounter, RedisCounter
from backend.stores import channel_layer
from tests.api.conftest import Person, problem, url
from tests.api.test_keys import make_key
from tests.contract_client import ContractClient
from tests.factories import make_dashboard, make_metric, make_room, make_user
from tests.rig import servers
from tidewire import redis_clients
from tidewire.ground.credentials import Identity
from tidewire.ids import uuid7

pytestmark = pytest.mark.shown_on("sqlite")

ME = "/api/v1/me/"


@pytest.fixture(autouse=True)
def counter(settings, monkeypatch):
    settings.REQUEST_QUOTAS = {"user": 3, "key": 2, "address": 2}
    counter = MemoryCounter()
    monkeypatch.setattr(request_counters, "counter", lambda: counter)
    return counter


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(request_counters.time, "monotonic", lambda: now[0])
    return now


def test_answers_have_the_remaining_quota(alice, clock):
    first = alice.get(ME)
    assert first["RateLimit-Policy"] == '"user";q=3;w=60'
    assert first["RateLimit"] == '"user";r=2;t=60'
    clock[0] += 20.5
    assert alice.get(ME)["RateLimit"] == '"user";r=1;t=40'


def test_one_too_many(alice, bob, clock):
    for _ in range(3):
        assert alice.get(ME).status_code == 200
    clock[0] += 10
    refused = alice.get(ME)
    assert problem(refused) == (429, "quota_exceeded")
    assert refused.json()["violated-policies"] == ["user"]
    assert refused["Retry-After"] == "50"
    assert bob.get(ME).status_code == 200
    clock[0] += 50
    assert alice.get(ME).status_code == 200


def test_a_refused_write_writes_nothing(room, bob):
    for _ in range(3):
        bob.get(ME)
    assert bob.post(url(room, "messages"), {"text": "x"}).status_code == 429
    assert not room.messages.exists()


def test_a_key_has_a_quota_of_its_own_within_its_users(alice):
    first, second = make_key(alice), make_key(alice)  # two of Alice's three
    answer = first.get(ME)
    assert answer["RateLimit-Policy"] == '"user";q=3;w=60, "key";q=2;w=60'
    assert re.fullmatch(r'"user";r=0;t=\d+, "key";r=1;t=\d+', answer["RateLimit"])
    assert second.get(ME).json()["violated-policies"] == ["user"]


def test_a_spent_key_leaves_its_user_alone(settings, alice):
    settings.REQUEST_QUOTAS["user"] = 100
    key = make_key(alice)
    assert [key.get(ME).status_code for _ in range(3)] == [200, 200, 429]
    assert key.get(ME).json()["violated-policies"] == ["key"]
    assert alice.get(ME).status_code == 200


def test_strangers_share_their_address(db):
    here, there, local = (ContractClient(REMOTE_ADDR=address) for address in ("192.0.2.1", "192.0.2.2", "127.0.0.1"))
    bad = {"Authorization": "Bearer nonsense"}
    assert [here.get(ME, headers=bad).status_code, here.get(ME).status_code] == [401, 401]
    assert problem(here.post("/api/v1/token/", {})) == (429, "quota_exceeded")
    assert problem(here.get(ME, headers=bad)) == (429, "quota_exceeded")
    assert there.get(ME).status_code == 401
    assert {local.get(ME).status_code for _ in range(5)} == {401}


def test_a_signed_in_user_is_not_counted_by_address(alice):
    stranger = ContractClient(REMOTE_ADDR="192.0.2.1")
    for _ in range(3):
        stranger.get(ME)
    person = Person(alice.user)
    assert person.get(ME, REMOTE_ADDR="192.0.2.1").status_code == 200


def test_nought_is_no_limit(settings, alice):
    settings.REQUEST_QUOTAS = dict.fromkeys(settings.REQUEST_QUOTAS, 0)
    answer = [alice.get(ME) for _ in range(9)][-1]
    assert (answer.status_code, "RateLimit" in answer, "RateLimit-Policy" in answer) == (200, False, False)


def test_commands_of_a_socket_count_as_requests_do(alice):
    identity = Identity(alice.id)
    assert [quotas.may_command(identity) for _ in range(4)] == [True, True, True, False]
    assert alice.get(ME).status_code == 429
    key = keys.KeyIdentity("somebody", session_id="key")
    assert [quotas.may_command(key) for _ in range(3)] == [True, True, False]


class Away:
    """A Redis that does not answer."""

    asked = 0

    def pipeline(self, **options):
        self.asked += 1
        raise ConnectionError("away")


def test_without_redis_a_process_counts_for_itself(clock):
    away = Away()
    counter = RedisCounter(away)
    assert [counter.count(["a"])[0][0] for _ in range(3)] == [1, 2, 3]
    assert away.asked == 1  # then it is not asked for a while
    clock[0] += request_counters.REST_SECONDS
    counter.count(["a"])
    assert away.asked == 2


def test_memory_is_bounded(clock, counter, monkeypatch):
    monkeypatch.setattr(request_counters, "MAX_COUNTED", 10)
    for number in range(50):
        counter.count([f"busy {number}"])
        counter.hold(f"busy {number}", 10)
        assert len(counter._windows) <= 12
    clock[0] += request_counters.WINDOW_SECONDS
    for number in range(6):
        counter.count([f"new {number}"])
    assert not any("busy" in key for key in counter._windows)


def test_the_fields():
    counts = [Count("user", 100, 58, 17.2), Count("key", 10, 12, 0.4)]
    assert quotas.policies(counts) == '"user";q=100;w=60, "key";q=10;w=60'
    assert quotas.remaining(counts) == '"user";r=42;t=18, "key";r=0;t=1'


# -- bytes -----------------------------------------------------------------------------------------------------------


def bytes_left(answer) -> int:
    return int(re.search(r'"bytes";r=(\d+)', answer["RateLimit"])[1])


def left_of(answer) -> int:
    return int(answer["RateLimit"].split(";r=")[1].split(";")[0])


@pytest.mark.parametrize(("size", "mentions", "cost"), [(1, 0, 1), (50, 0, 1), (51, 0, 2), (100, 0, 2), (100, 20, 42)])
def test_a_batch_costs_requests_by_its_rows(settings, alice, size, mentions, cost):
    settings.REQUEST_QUOTAS = {"user": 100, "key": 0, "address": 0}
    people = [make_user() for _ in range(mentions)]
    room = make_room(alice.user, *people)
    body = [{"text": "x", "mentions": [str(person.pk) for person in people]} for _ in range(size)]
    answer = alice.post(url(room, "messages", "batch"), body)
    assert (answer.status_code, left_of(answer)) == (201, 100 - cost)


def test_a_large_batch_is_taken_unless_the_quota_is_used_up(settings, alice):
    settings.REQUEST_QUOTAS = {"user": 3, "key": 0, "address": 0}
    metric = make_metric(make_dashboard(alice.user))
    times = [datetime.fromtimestamp(1_700_000_000 + n, UTC).isoformat() for n in range(1000)]
    path, body = f"/api/v1/metrics/{metric.pk}/samples/", {"samples": [{"at": time, "value": 1} for time in times]}
    assert [alice.post(path, body).status_code for _ in range(3)] == [201, 201, 429]


def test_a_range_costs_requests_by_its_steps(settings, alice):
    settings.REQUEST_QUOTAS = {"user": 100, "key": 0, "address": 0}
    metric = make_metric(make_dashboard(alice.user))
    path = f"/api/v1/metrics/{metric.pk}/samples/?from=2026-01-01T00:00:00Z&to=2026-01-01T00:33:20Z"
    assert left_of(alice.get(f"{path}&step=100")) == 99
    assert left_of(alice.get(f"{path}&step=1")) == 99 - 1 - 3


@pytest.fixture
def writer(settings, room, bob) -> Person:
    """Bob, whose writes may store 100 KB a minute."""
    settings.REQUEST_QUOTAS = {"user": 0, "key": 0, "address": 0, "bytes": 100_000}
    return bob


def test_a_write_costs_bytes_and_a_read_none(room, writer, clock):
    assert "RateLimit" not in writer.get(ME)
    body = {"text": "x" * 1_000}
    answer = writer.post(url(room, "messages"), body)
    length = len('{"text":"' + "x" * 1_000 + '"}')
    assert answer["RateLimit-Policy"] == '"bytes";q=100000;qu="content-bytes";w=60'
    assert bytes_left(answer) == 100_000 - quotas.BASE_BYTES - 2 * length


def test_too_many_bytes_are_refused_before_they_are_stored(room, writer, clock):
    statuses = [writer.post(url(room, "messages"), {"text": "x" * 4_000}).status_code for _ in range(12)]
    assert statuses == [201] * 9 + [429] * 3
    assert room.messages.count() == 9
    refused = writer.post(url(room, "messages"), {"text": "x" * 4_000})
    assert problem(refused) == (429, "quota_exceeded")
    assert refused.json()["violated-policies"] == ["bytes"]
    assert refused["Retry-After"] == "60"
    assert writer.get(url(room, "messages")).status_code == 200
    clock[0] += 60
    assert writer.post(url(room, "messages"), {"text": "x"}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_longer_than_the_body_counts(room, writer, alice):
    """A reaction has no body, and its event holds the whole message."""
    messages = [alice.post(url(room, "messages"), {"text": "ä" * 4_000}).json()["id"] for _ in range(2)]
    first, second = (writer.put(f"{url(room, 'messages', id, 'reactions')}😀/") for id in messages)
    assert bytes_left(first) - bytes_left(second) > 4_000 > quotas.BASE_BYTES


def test_a_key_counts_for_its_account(room, writer):
    key = make_key(writer)
    left = [bytes_left(person.post(url(room, "messages"), {"text": "x"})) for person in (writer, key, writer)]
    assert left[0] > left[1] > left[2]


def test_a_call_on_a_socket_counts_as_well(writer):
    """It passes through the same views: see tests/scenarios/test_calls.py. A command without a body has no bytes."""
    assert quotas.may_command(Identity(writer.id))
    assert quotas._count({"bytes": writer.id}, {"bytes": 0})[0].used == 0


@pytest.fixture(params=["memory", "redis", "cluster"])
def store(request: pytest.FixtureRequest) -> Counter:
    """A counter of each kind, without counts of other tests. The servers are those of REDIS_URL."""
    prefix = f"{uuid7()}:"
    if request.param == "memory":
        return MemoryCounter()
    if request.param == "redis":
        return RedisCounter(Redis.from_url(request.getfixturevalue("redis_url")), prefix)
    (server,) = channel_layer(request.getfixturevalue("redis_cluster").url)["CONFIG"]["hosts"]
    return ClusterCounter(partial(redis_clients.blocking_client, server, 5.0), prefix)


def test_a_window_of_a_cluster_whose_expiry_was_lost_ends_all_the_same(redis_cluster):
    """The process that began the window died between two commands."""
    (server,) = channel_layer(redis_cluster.url)["CONFIG"]["hosts"]
    client, prefix = redis_clients.blocking_client(server, 5.0), f"{uuid7()}:"
    client.incrby(f"{prefix}a", 7)
    ((used, left),) = ClusterCounter(lambda: client, prefix).count(["a"])
    assert (used, 50 < left < 61) == (8, True)


def test_a_cluster_that_is_away_is_counted_for_here_and_asked_again(redis_cluster, clock):
    (server,) = channel_layer(redis_cluster.url)["CONFIG"]["hosts"]
    servers = [{**server, "nodes": [("127.0.0.1", 1)]}, server]
    counter = ClusterCounter(lambda: redis_clients.blocking_client(servers.pop(0), 5.0), f"{uuid7()}:")
    assert [counter.count(["a"])[0][0] for _ in range(2)] == [1, 2]
    clock[0] += request_counters.REST_SECONDS
    assert counter.count(["a"])[0][0] == 1


def test_all_stores_count_alike(store):
    counter = store
    assert [used for used, _ in counter.count(["a", "b"], [2, 5])] == [2, 5]
    assert [used for used, _ in counter.count(["a", "b"])] == [3, 6]
    ((used, left),) = counter.count(["a"], -1)
    assert (used, 50 < left < 61) == (2, True)
    ((_, left),) = counter.count(["c"], 1, 3600)
    assert 3500 < left < 3601
    assert counter.seconds_left("a") == 0
    assert counter.hold("a", 30) == 0
    assert 29 < counter.hold("a", 30) < 31
    assert 29 < counter.seconds_left("a") < 31
    counter.release("a")
    assert counter.hold("a", 30) == 0


@pytest.fixture(scope="module")
def redis_url() -> str:
    return servers.redis_for_tests().url
