"""Every code has a row in a table, and every row a page: problems of REST, codes of the socket."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator

import pytest
from rest_framework import exceptions

from api.rest.problems import PROBLEMS
from tests.contract.test_imports import modules
from tests.rig import openapi
from tidewire.http import problems as early
from tidewire.protocol import codes
from tidewire.rest import errors
from tidewire.rest.problems import type_of

OURS = {
    *("ConflictProblem", "AuthenticationFailed", "PermissionDenied", "NotFound", "PreconditionFailed", "Conflict"),
    *("BadRequest", "Gone", "Throttled", "Unprocessable"),
}
"""Exceptions that are raised with a code."""


def raised() -> Iterator[tuple[str, str]]:
    """Yields (module and line, code) of every code that is named where a problem is raised or defined."""
    for name, path in modules().items():
        if not name.startswith(("api", "tidewire.rest")):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OURS:
                texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                yield from ((f"{name}:{node.lineno}", text) for text in texts if " " not in text)
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "default_code":
                yield f"{name}:{node.lineno}", node.value.value


def test_every_code_that_is_raised_is_in_the_table():
    found = list(raised())
    assert {"last_owner", "insufficient_scope", "version_mismatch"} <= {code for _, code in found}
    assert [(where, code) for where, code in found if code not in PROBLEMS] == []


def test_the_status_of_a_code_is_the_tables():
    for value in [*vars(errors).values(), *vars(exceptions).values()]:
        if isinstance(value, type) and issubclass(value, exceptions.APIException):
            code = "invalid" if value is exceptions.ValidationError else value.default_code
            if value in (exceptions.APIException, errors.ConflictProblem, exceptions.NotAcceptable):
                continue  # no problem of its own, or never raised: everybody gets JSON
            assert PROBLEMS[code].status == value.status_code, code
    for value in vars(early).values():
        if isinstance(value, early.Problem):
            assert PROBLEMS[value.code].status == value.status
            openapi.check_problem(json.loads(value.body("an-id")))


@pytest.mark.parametrize("code", PROBLEMS)
def test_a_problem_has_a_page_at_its_type(client, code):
    response = client.get(type_of(code))
    assert response.status_code == 200
    assert PROBLEMS[code].title.replace("'", "&#x27;") in response.content.decode()
    assert "unsafe" not in response["Content-Security-Policy"]


@pytest.mark.parametrize(
    "code", [c for table in (codes.ErrorCode, codes.Unsubscribe, codes.Disconnect) for c in codes.rows(table)], ids=str
)
def test_a_code_of_the_socket_has_a_page(client, code):
    page = client.get(f"/api/asyncapi/codes/{code.code}/").content.decode()
    assert code.reason in page
    assert code.meaning
    assert code.meaning.replace("'", "&#x27;") in page


def test_the_indexes_lead_to_the_pages(client):
    assert client.get("/api/problems/").content.decode().count("<tr>") == len(PROBLEMS)
    assert client.get("/api/asyncapi/codes/").content.decode().count("<tr>") == 13 + 4 + 19
    for path in ("/api/problems/nonsense/", "/api/asyncapi/codes/99/"):
        assert client.get(path).status_code == 404
