"""A receiver that fails at random, in every way that a receiver may: `python receiver.py PORT LOG SECRETS SEED RATE`.

Each request is written to the log before it is answered, so what it has processed is known after a kill.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

HANG_SECONDS = 30.0
FAILURES = (
    *[("500", b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops")] * 8,
    *[("503", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")] * 3,
    *[("429", b"HTTP/1.1 429 Slow\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n")] * 1,
    *[("302", b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")] * 3,
    *[("cut", b"")] * 3,
    *[("lost answer", b"")] * 2,  # processed, and the sender does not learn of it
    *[("garbage", b"\x00\x01 not http\r\n\r\n")] * 1,
)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Receiver:
    def __init__(self, log: Path, secrets: Path, seed: int, rate: float) -> None:
        self._log = log.open("a", buffering=1)
        self._verifiers = {id: Webhook(secret) for id, secret in json.loads(secrets.read_text()).items()}
        self._random, self._rate = random.Random(seed), rate

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                name, answer = self._take(head[0].split()[1].strip("/"), headers, body)
                if name == "hang":
                    await asyncio.sleep(HANG_SECONDS)
                writer.write(answer)
                await writer.drain()
                if not answer or name in ("garbage", "hang"):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _take(self, endpoint: str, headers: dict[str, str], body: bytes) -> tuple[str, bytes]:
        """Decides about a request, and logs it: [endpoint, id, stream, epoch, offsets, outcome, type,
        time of the last event, present time]."""
        name, answer = "ok", OK
        if endpoint == "elsewhere":
            name, answer = "redirected", OK
        elif self._random.random() < self._rate:
            name, answer = self._random.choice(FAILURES)
            if self._random.random() < 0.01:
                name, answer = "hang", OK
        try:
            self._verifiers[endpoint].verify(body, headers, json_parse=False)
        except (KeyError, WebhookVerificationError):
            name = "forged"
        said = json.loads(body)
        offsets = [event["offset"] for event in said["events"]] if "events" in said else [said.get("offset")]
        line = [endpoint, headers["webhook-id"], said.get("stream"), said.get("epoch"), offsets, name, said["type"]]
        line += [said["timestamp"], time.time()]
        self._log.write(json.dumps(line) + "\n")
        return name, answer


async def main(port: int, log: Path, secrets: Path, seed: int, rate: float) -> None:
    server = await asyncio.start_server(Receiver(log, secrets, seed, rate).serve, "127.0.0.1", port, backlog=1000)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), float(sys.argv[5])))
