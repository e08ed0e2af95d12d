"""Django's session cookie signs in a socket where the project says so: of a page of this host, and while it lasts."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import get_user_model
from django.core import checks
from django.test import Client, TestCase

from tests.tidewire.liveapp.declarations import boards
from tests.tidewire.liveapp.models import Board
from tests.tidewire.testing.test_kit import application
from tidewire.testing import LiveTestMixin, SocketClient, SocketError

HERE = "http://testserver"


@pytest.fixture(autouse=True)
def _cookies(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.db"
    settings.TIDEWIRE = {**settings.TIDEWIRE, "AUTHENTICATE": None, "MAY_COMMAND": None, "SESSION_COOKIES": True}


def socket(key: str, **headers: str) -> SocketClient:
    return SocketClient(application=application, headers={"Origin": HERE, "Cookie": f"sessionid={key}", **headers})


@pytest.mark.own_database
class SessionCookies(LiveTestMixin, TestCase):
    def setUp(self):
        self.user = get_user_model()._default_manager.create(email="alice@example.com", name="Alice")
        self.browser = Client()
        self.browser.force_login(self.user)
        self.key = self.browser.session.session_key

    async def refused(self, client: SocketClient) -> int:
        with pytest.raises(SocketError) as caught:
            async with client:
                pass
        return caught.value.code

    async def test_a_page_of_this_host_is_signed_in_by_its_session(self):
        board = await sync_to_async(Board.objects.create)(name="board")
        async with socket(self.key) as client:
            await client.subscribe(boards(board.pk))
            await sync_to_async(board.delete)()
            assert (await client.event())["type"] == "board.deleted"

    async def test_a_page_of_another_origin_is_not(self):
        """Its browser sends the cookie, too: only the Origin tells."""
        for origin in (
            "http://testserver:8000",
            "https://testserver.evil.example",
            "null",
            "http://testserver@evil.example",
        ):
            assert await self.refused(socket(self.key, Origin=origin)) in (403, 3500), origin
        without = SocketClient(application=application, headers={"Cookie": f"sessionid={self.key}"})
        assert await self.refused(without) == 3500

    async def test_a_listed_origin_is_not(self):
        """It may open a socket, with a token of its own."""
        with self.settings(TIDEWIRE={**_settings(), "ALLOWED_ORIGINS": ["https://app.example"]}):
            assert await self.refused(socket(self.key, Origin="https://app.example")) == 3500

    async def test_a_session_that_does_not_exist_or_ended_is_not(self):
        assert await self.refused(socket("nonsense")) == 3500
        await sync_to_async(self.browser.logout)()
        assert await self.refused(socket(self.key)) == 3500

    async def test_a_user_who_may_not_sign_in_is_not(self):
        self.user.is_active = False
        await self.user.asave()
        assert await self.refused(socket(self.key)) == 3500

    async def test_a_session_key_is_no_token(self):
        client = SocketClient(self.key, application=application, headers={"Origin": HERE})
        assert await self.refused(client) == 3500

    async def test_a_logout_closes_the_sockets_of_its_session(self):
        async with socket(self.key) as client:
            await sync_to_async(self.browser.logout)()
            with pytest.raises(SocketError) as caught:
                await client.event()
            assert caught.value.code == 3503  # the client does not come back by itself

    async def test_where_the_project_does_not_say_so_the_cookie_is_not_read(self):
        with self.settings(TIDEWIRE={**_settings(), "SESSION_COOKIES": False}):
            assert await self.refused(socket(self.key)) == 3500


def _settings():
    from django.conf import settings  # as the fixture has changed them

    return settings.TIDEWIRE


def test_a_project_without_sessions_is_refused(settings):
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.sessions"]
    assert [problem.id for problem in checks.run_checks(tags=["tidewire"])] == ["tidewire.E009"]


def test_cookies_are_enough_to_sign_in():
    assert checks.run_checks(tags=["tidewire"]) == []
