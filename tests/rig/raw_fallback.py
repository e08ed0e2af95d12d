"""One response of the SDKs' fallbacks, without an SDK: shows each object that comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx

from tests.rig.raw import WAIT_SECONDS, Json


class RawFallback:
    """Speaks the protocol in JSON. Its commands are in the request, and nothing is sent afterwards."""

    def __init__(self, url: str, door: str, *commands: Json, silent_seconds: float = WAIT_SECONDS) -> None:
        """`door` is "http_stream" or "sse". `silent_seconds` is how long the server may be silent."""
        self._http = httpx.Client(base_url=url, timeout=silent_seconds, trust_env=False)
        first = "\n".join(json.dumps(command) for command in commands)
        request = self._http.build_request("POST", f"/connection/{door}", content=first)
        self._response = self._http.send(request, stream=True)
        assert self._response.status_code == 200, self._response.status_code
        self._lines = self._response.iter_lines()

    def receive(self, timeout: float = WAIT_SECONDS) -> Json:
        """Returns the next object that is not a ping. Raises TimeoutError when none came in time or none will."""
        deadline = time.monotonic() + timeout
        for message in self._objects():
            if message:
                return message
            if time.monotonic() > deadline:
                break
        raise TimeoutError

    def reply(self, id: int) -> Json:
        """Returns the reply to the command `id`; skips what comes before it."""
        while (message := self.receive()).get("id") != id:
            pass
        return message

    def close(self) -> None:
        self._response.close()
        self._http.close()

    def _objects(self) -> Iterator[Any]:
        try:
            for line in self._lines:
                text = line.removeprefix("data: ")
                if text:
                    yield json.loads(text)
        except httpx.TimeoutException:
            raise TimeoutError from None

    def __enter__(self) -> RawFallback:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
