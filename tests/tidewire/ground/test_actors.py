"""The actor of a request ends with it, on a server whose threads serve many requests."""

import io
import json

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.http import JsonResponse
from django.test import Client
from django.urls import path

from tidewire.ground.actors import SYSTEM, Actor, acting_as, current_actor, set_actor


def whoami(request):
    """Answers with the actor, after a credential was checked if there is one."""
    if user := request.headers.get("x-user"):
        set_actor(Actor("user", user))
    return JsonResponse({"actor": current_actor().id})


urlpatterns = [path("whoami/", whoami)]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]  # the end of a request looks at connections


@pytest.fixture(autouse=True)
def _no_middleware(settings):
    """As in a project that adds nothing."""
    settings.MIDDLEWARE = []


def wsgi_request(handler: WSGIHandler, **headers: str) -> str | None:
    """Sends one request through the handler, in this thread, as a WSGI server does. Returns the actor."""
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/whoami/",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.input": io.BytesIO(),
        "wsgi.url_scheme": "http",
        **headers,
    }
    response = handler(environ, lambda status, headers: None)
    body = b"".join(response)
    response.close()
    return json.loads(body)["actor"]


def test_a_request_without_a_credential_is_not_the_one_before_it():
    handler = WSGIHandler()
    assert wsgi_request(handler, HTTP_X_USER="7") == "7"
    assert current_actor() == SYSTEM
    assert wsgi_request(handler) is None


def test_a_request_that_never_ended_leaves_no_actor_to_the_next():
    set_actor(Actor("user", "7"))  # in this thread, by a server that lost the response
    try:
        assert wsgi_request(WSGIHandler()) is None
    finally:
        set_actor(SYSTEM)


def test_a_test_that_acts_as_someone_still_does_after_its_request():
    actor = Actor("user", "8")
    with acting_as(actor):
        assert Client().get("/whoami/", headers={"x-user": "7"}).json() == {"actor": "7"}
        assert current_actor() == actor
