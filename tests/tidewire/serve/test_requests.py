"""Django's sync handler on threads of our own: any request, and what may go wrong on the way."""

import asyncio
import threading

import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path

from tidewire.http.requests import Requests

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
    async def health(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"from", b"health")]})

    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[], ALLOWED_HOSTS=["testserver"]):
        yield Requests(health)


async def ask(application, path: str, *body: bytes, method: str = "POST", query: bytes = b""):
    """(status, headers, body) of the answer."""
    pieces = [{"type": "http.request", "body": b, "more_body": n + 1 < len(body)} for n, b in enumerate(body or (b"",))]
    sent = []

    async def receive():
        return pieces.pop(0) if pieces else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "method": method,
        "query_string": query,
        "headers": [(b"host", b"testserver")],
    }
    await application(scope, receive, send)
    return sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:])


async def test_a_request_is_answered(application):
    status, headers, body = await ask(application, "/echo", b"some", b"thing", query=b"q=1")
    assert (status, body) == (200, b"POST 1 something")
    assert (b"X-A", b"b") in headers


async def test_each_cookie_has_a_header(application):
    _, headers, _ = await ask(application, "/cookies")
    assert [value.split(b";")[0] for name, value in headers if name == b"Set-Cookie"] == [b"one=1", b"two=2"]


async def test_a_stream_is_sent_piece_by_piece(application):
    assert (await ask(application, "/stream"))[2] == b"one two"


async def test_what_cannot_be_read_is_400(application):
    assert (await ask(application, "/echo", query=b"\xff\xfe"))[0] == 400


async def test_health_is_asked_of_the_loop_itself(application):
    assert (b"from", b"health") in (await ask(application, "/readyz"))[1]


async def test_one_after_the_other_they_share_a_thread(application):
    names = {(await ask(application, "/thread"))[2] for _ in range(5)}
    assert names == {b"tidewire-view"}


async def test_who_leaves_before_the_end_of_the_body_is_not_answered(application):
    sent = []

    async def receive():
        return {"type": "http.disconnect"}

    await application({"type": "http", "path": "/echo", "method": "POST", "headers": []}, receive, sent.append)
    assert sent == []


async def test_what_has_begun_is_finished_when_its_client_leaves(application):
    asking = asyncio.create_task(ask(application, "/slow"))
    await asyncio.to_thread(entered.wait, 30)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    assert await asyncio.to_thread(finished.acquire, timeout=30)


async def test_a_middleware_that_breaks_is_the_servers_to_report(application, monkeypatch):
    def broken(request):
        raise LookupError("on purpose")

    monkeypatch.setattr(application, "get_response", broken)
    with pytest.raises(LookupError):
        await ask(application, "/echo")
