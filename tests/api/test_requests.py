"""What all URLs share: JSON in both directions, problems, one transaction per write, another run after a deadlock."""

from __future__ import annotations

import logging
import re
import sys

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.test import Client, RequestFactory

from api.models import Message, Room
from backend import logs
from tests.api.conftest import Person, pointers, problem, url
from tests.contract_client import ContractClient
from tests.factories import make_message, make_room, make_user
from tests.rig.openapi import document
from tidewire.log.tables import Event
from tidewire.rest import errors


def post_raw(client, body: str | bytes, content_type: str = "application/json"):
    return client.generic("POST", url(), body, content_type=content_type)


# -- JSON ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        '{"name": "x",}',
        '{"name": NaN}',
        '{"name": 1e999}',
        '{"name": "a", "name": "b"}',
        '{"name": "\\ud800"}',
        '{"name": "\\u0000"}',
        "[" * 5000,
        b"\xff",
        '{"a": %s}' % ("9" * 5000),
    ],
)
def test_a_body_that_is_not_json(alice, body):
    if body:
        assert problem(post_raw(alice, body)) == (400, "parse_error")
    else:
        assert pointers(post_raw(alice, body)) == [("/name", "required")]


def test_a_body_too_large(alice, settings):
    body = '{"name": "%s"}' % ("x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    assert problem(post_raw(alice, body)) == (413, "too_large")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_only_json_is_accepted(alice, content_type):
    assert problem(post_raw(alice, "name=x", content_type)) == (415, "unsupported_media_type")


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", "nonsense"])
def test_only_json_is_given(alice, accept):
    response = alice.get(url(), headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")


# -- problems ------------------------------------------------------------------------------------------------------


def test_a_problem_is_complete_and_names_its_request(anybody):
    response = anybody.get("/api/v1/me/", headers={"X-Request-ID": "abc.1-2_3"})
    assert response["Content-Type"] == "application/problem+json"
    assert response["X-Request-ID"] == "abc.1-2_3"
    assert response.json() == {
        "type": "/api/problems/not_authenticated/",
        "title": "Unauthorized",
        "status": 401,
        "detail": "Authentication credentials were not provided.",
        "instance": "urn:request:abc.1-2_3",
        "code": "not_authenticated",
    }


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "é", "<script>"])
def test_a_strange_request_id_is_replaced(anybody, given):
    assert len(anybody.get("/api/v1/me/", headers={"X-Request-ID": given})["X-Request-ID"]) == 36


def test_a_trace_names_its_requests(anybody):
    trace = "0af7651916cd43dd8448eb211c80319c"
    parent = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
    assert anybody.get("/api/v1/me/", headers=parent)["X-Request-ID"] == trace
    assert anybody.get("/api/v1/me/", headers={**parent, "X-Request-ID": "mine"})["X-Request-ID"] == "mine"
    for odd in (f"00-{'0' * 32}-b7ad6b7169203331-01", "00-x-y-01", trace):
        assert len(anybody.get("/api/v1/me/", headers={"traceparent": odd})["X-Request-ID"]) == 36


def test_pages_of_other_origins_may_send_and_read_the_headers_that_matter(settings, alice):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    asked = {"Origin": "https://app.example.com"}
    wanted = {"Access-Control-Request-Method": "PATCH"}
    before = Client().options("/api/v1/me/", headers={**asked, **wanted})
    assert before["Access-Control-Allow-Origin"] == "https://app.example.com"
    allowed = {name.strip() for name in before["Access-Control-Allow-Headers"].split(",")}
    assert {"authorization", "content-type", "idempotency-key", "if-match", "if-none-match"} <= allowed
    assert "PATCH" in before["Access-Control-Allow-Methods"]
    shown = {
        name.strip() for name in alice.get("/api/v1/me/", headers=asked)["Access-Control-Expose-Headers"].split(",")
    }
    assert {
        "ETag",
        "Link",
        "Location",
        "Retry-After",
        "RateLimit",
        "Idempotency-Replayed",
        "Tidewire-Position",
    } <= shown
    assert "Access-Control-Allow-Credentials" not in before
    assert "Access-Control-Allow-Origin" not in alice.get("/api/v1/me/", headers={"Origin": "https://evil.example"})


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api/v1/nowhere/", "/api/v1/rooms", "/api/v1/rooms/x/"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_an_unknown_address_is_a_problem(path, method):
    client = ContractClient(enforce_csrf_checks=True)
    assert problem(getattr(client, method)(path)) == (404, "not_found")


def test_a_bad_host_is_a_problem(anybody):
    assert problem(anybody.get("/api/v1/me/", headers={"Host": "evil.example"})) == (400, "bad_request")


@pytest.mark.parametrize("formatter", [logs.ConsoleLines, logs.JsonLines])
def test_a_bad_host_is_one_line_in_the_log(anybody, caplog, formatter):
    """Any client can send any host, as often as it likes. A crash keeps its traceback."""
    anybody.get("/api/v1/me/", headers={"Host": "evil.example"})
    (record,) = [record for record in caplog.records if record.name.startswith("django.security")]
    brief = logs.BriefFailures()
    assert (brief.filter(record), brief.filter(record)) == (True, False)
    line = formatter().format(record)
    assert ("evil.example" in line, "Traceback" in line, "\n" in line, record.levelname) == (
        True,
        False,
        False,
        "WARNING",
    )
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        crash = logging.LogRecord("django.request", logging.ERROR, "", 0, "crash", (), sys.exc_info())
    assert logs.BriefFailures().filter(crash)
    assert "Traceback" in formatter().format(crash)


def test_a_crash_is_a_problem_without_details(alice, monkeypatch):
    monkeypatch.setattr("api.views.users.UserSerializer.data", property(lambda self: 1 / 0))
    alice.raise_request_exception = False
    response = alice.get("/api/v1/me/")
    assert problem(response) == (500, "error")
    assert "ZeroDivision" not in response.content.decode()


def test_djangos_403_is_a_problem():
    response = errors.permission_denied(RequestFactory().get("/"))
    assert (response.status_code, response["Content-Type"]) == (403, "application/problem+json")


def test_pointers_reach_into_lists_and_escape():
    from rest_framework.exceptions import ErrorDetail

    detail = {"a/b": {"c~d": [ErrorDetail("x", "y")]}, "rows": [{}, {"non_field_errors": [ErrorDetail("z", "w")]}]}
    assert list(errors.flatten(detail)) == [
        {"pointer": "/a~1b/c~0d", "code": "y", "detail": "x"},
        {"pointer": "/rows/1", "code": "w", "detail": "z"},
    ]


def test_every_operation_is_behind_a_sign_in_unless_it_leads_to_one():
    public = {
        path
        for path, operations in document()["paths"].items()
        for operation in operations.values()
        if {"bearer": []} not in operation["security"]
    }
    tokens = {f"/api/v1/token/{name}" for name in ("", "refresh/", "verify/", "blacklist/")}
    assert public == {*tokens, "/api/v1/users/"}


# -- transactions --------------------------------------------------------------------------------------------------


class Failure(OperationalError):
    """The error that Django raises for this SQLSTATE of PostgreSQL."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("failed")
        self.__cause__ = type("Cause", (Exception,), {"sqlstate": sqlstate})()


@pytest.fixture
def failing(monkeypatch):
    """`failing(times, error)`: posting a message writes its row and then fails so many times. Returns the runs."""
    post = Room.post

    def arrange(times: int, error: Exception) -> list[int]:
        runs: list[int] = []

        def fail(room, author, **content):
            message = post(room, author, **content)
            runs.append(Message.objects.count())
            if len(runs) <= times:
                raise error
            return message

        monkeypatch.setattr(Room, "post", fail)
        monkeypatch.setattr("tidewire.transactions.writes.FIRST_WAIT_SECONDS", 0)
        return runs

    return arrange


@pytest.mark.parametrize("sqlstate", ["40P01", "40001"])
def test_the_loser_of_a_deadlock_starts_again_from_nothing(room, bob, failing, sqlstate):
    runs = failing(2, Failure(sqlstate))
    assert bob.post(url(room, "messages"), {"text": "x"}).status_code == 201
    assert runs == [1, 1, 1]
    assert Message.objects.count() == 1


def test_three_runs_are_enough(room, bob, failing):
    runs = failing(9, Failure("40P01"))
    response = bob.post(url(room, "messages"), {"text": "x"})
    assert problem(response) == (503, "unavailable")
    assert response["Retry-After"] == "1"
    assert runs == [1, 1, 1]
    assert Message.objects.count() == 0


def test_a_locked_database_is_not_asked_again(room, bob, failing):
    runs = failing(9, OperationalError("database is locked"))
    assert problem(bob.post(url(room, "messages"), {"text": "x"})) == (503, "unavailable")
    assert runs == [1]


def test_the_second_request_is_answered_with_the_row_of_the_first(room, bob, failing, monkeypatch):
    """Two POSTs of one id at once: the second INSERT fails, and its next run finds the first one's row."""
    runs = failing(1, IntegrityError("duplicate key"))
    assert bob.post(url(room, "messages"), {"text": "x"}).status_code == 201
    assert runs == [1, 1]


def test_a_crash_leaves_nothing_behind(room, bob, failing):
    failing(9, ZeroDivisionError())
    bob.raise_request_exception = False
    assert bob.post(url(room, "messages"), {"text": "x"}).status_code == 500
    assert Message.objects.count() == 0


def test_a_refusal_leaves_nothing_behind(alice, monkeypatch):
    from tidewire.rest.conflicts import Conflict

    def refuse(**kwargs):
        raise Conflict("last_owner", "No.")

    monkeypatch.setattr("api.models.Member.objects.create", refuse)
    assert problem(alice.post(url(), {"name": "x"})) == (409, "last_owner")
    assert not Room.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_safe_requests_open_no_transaction_and_unsafe_ones_open_one():
    alice = Person(make_user())
    room = make_room(alice.user)
    message = make_message(room, alice.user)
    depths = []

    def watch(execute, sql, params, many, context):
        depths.append(connection.in_atomic_block)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        alice.get(url(room, "messages"))
        alice.get(url(room, "messages", message.pk))
        assert set(depths) == {False}
        alice.delete(url(room, "messages", message.pk))
        assert depths[-1]


@pytest.mark.django_db(transaction=True)
def test_an_error_after_the_write_leaves_neither_row_nor_event(failing):
    alice = Person(make_user())
    room = make_room(alice.user)
    before = Event.objects.count()
    failing(9, ZeroDivisionError())
    alice.raise_request_exception = False
    assert alice.post(url(room, "messages"), {"text": "x"}).status_code == 500
    assert (Message.objects.count(), Event.objects.count()) == (0, before)


def test_the_docs_page_needs_no_other_host():
    response = Client().get("/api/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    sources = re.findall(r"""(?:src|href)=["']([^"']+)["']""", page)
    assert sources
    assert all(source.startswith("/static/drf_spectacular_sidecar/") for source in sources)
    assert '"validatorUrl": "none"' in page
    assert "https://" not in page
