"""Django's sync handler on threads of our own: all kinds of answers, clients that leave, and errors."""

import asyncio
import threading

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from tests.tidewire.http.asgi_client import request
from tidewire.http.threaded_handler import ThreadedHandler

entered, go_on = threading.Event(), threading.Event()
finished = threading.Semaphore(0)


def echo(request):
    return HttpResponse(f"{request.method} {request.GET.get('q', '')} ".encode() + request.body, headers={"X-A": "b"})


def cookies(request):
    response = HttpResponse("")
    response.set_cookie("one", "1")
    response.set_cookie("two", "2")
    return response


def stream(request):
    return StreamingHttpResponse(iter([b"one ", b"two"]))


def slow(request):
    entered.set()
    go_on.wait(30)
    finished.release()
    return HttpResponse("late")


def thread(request):
    return HttpResponse(threading.current_thread().name)


urlpatterns = [path(view.__name__, view) for view in (echo, cookies, stream, slow, thread)]
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def application():
    async def django(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"from", b"django")]})

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["testserver"]):
        yield ThreadedHandler(django)


async def test_a_request_is_answered(application):
    answer = await request(application, "/echo", body=(b"some", b"thing"), query=b"q=1")
    assert (answer.status, answer.body) == (200, b"POST 1 something")
    assert (b"X-A", b"b") in answer.headers


async def test_each_cookie_has_a_header(application):
    answer = await request(application, "/cookies")
    assert [value.split(b";")[0] for name, value in answer.headers if name == b"Set-Cookie"] == [b"one=1", b"two=2"]


async def test_a_streaming_response_is_sent_chunk_by_chunk(application):
    assert (await request(application, "/stream")).body == b"one two"


async def test_a_query_that_cannot_be_decoded_is_400(application):
    assert (await request(application, "/echo", query=b"\xff\xfe")).status == 400


async def test_a_probe_is_answered_by_djangos_own_handler(application):
    assert (b"from", b"django") in (await request(application, "/readyz")).headers


async def test_requests_one_after_the_other_share_a_thread(application):
    names = {(await request(application, "/thread")).body for _ in range(5)}
    assert names == {b"tidewire-view"}


async def test_a_client_that_leaves_before_the_end_of_its_body_gets_no_answer(application):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    await application({"type": "http", "path": "/echo", "method": "POST", "headers": []}, receive, sent.append)
    assert sent == []


async def test_a_view_that_has_begun_is_finished_when_its_client_leaves(application):
    asking = asyncio.create_task(request(application, "/slow"))
    await asyncio.to_thread(entered.wait, 30)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    assert await asyncio.to_thread(finished.acquire, timeout=30)


async def test_an_error_that_django_does_not_answer_is_raised_to_the_server(application, monkeypatch):
    def broken(request):
        raise LookupError("on purpose")

    monkeypatch.setattr(application._handler, "get_response", broken)
    with pytest.raises(LookupError):
        await request(application, "/echo")
