"""Several requests on one connection: whatever else the client sends, answers come whole and in order."""

import re
import socket
import time

from tests.tidewire.serve.conftest import MakeSite
from tests.tidewire.serve.served import Served, read_all, status, wait_until

ONE = b"%b /%b HTTP/1.1\r\nHost: localhost\r\nX-Request-ID: %d\r\n%b\r\n"
LAST = b"Connection: close\r\n"
SCHEMA_BYTES = 100_000


def ids(answers: bytes) -> list[bytes]:
    return re.findall(rb"(?i)^x-request-id: (\d+)\r$", answers, re.MULTILINE)


def test_requests_that_come_at_once_are_answered_in_order(served: Served) -> None:
    asked = [(b"GET", b"api/v1/rooms/"), (b"HEAD", b"healthz"), (b"GET", b"healthz"), (b"GET", b"api/schema/")]
    asked += [(b"PUT", b"api/v1/rooms/"), (b"GET", b"nowhere")]
    answers = served.exchange(
        *[ONE % (method, path, n, LAST if n + 1 == len(asked) else b"") for n, (method, path) in enumerate(asked)]
    )

    codes = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)]
    assert codes == [401, 200, 200, 200, 401, 404]
    assert ids(answers) == [b"0", b"1", b"2", b"3", b"4", b"5"]


def test_a_head_has_no_body(served: Served) -> None:
    answer = served.exchange(ONE % (b"HEAD", b"api/schema/", 1, LAST))

    assert status(answer) == 200
    assert answer.endswith(b"\r\n\r\n")


def test_a_slow_reader_gets_all_of_a_long_answer(served: Served) -> None:
    """The kernel takes only a part of it at once."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.settimeout(20)
        connection.sendall(ONE % (b"GET", b"api/schema/", 1, b"") * 20 + ONE % (b"GET", b"healthz", 2, LAST))
        time.sleep(1)
        answers = read_all(connection)

    assert ids(answers) == [b"1"] * 20 + [b"2"]
    assert len(answers) > 20 * SCHEMA_BYTES


def test_a_client_that_leaves_before_its_answer_does_no_harm(served: Served) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(ONE % (b"GET", b"api/schema/", 1, b""))

    assert status(served.exchange(ONE % (b"GET", b"healthz", 1, LAST))) == 200


def test_an_upgrade_behind_a_request_counts_as_one_socket_and_is_uncounted(make_site: MakeSite) -> None:
    served = make_site(MAX_CONNECTIONS="2").server

    def is_opened() -> bool:
        with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
            connection.sendall(ONE % (b"GET", b"healthz", 1, b"") + UPGRADE)
            answers = b""
            while len(codes := re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)) < 2:
                answers += connection.recv(65536)
        return codes == [b"200", b"101"]

    for _ in range(4):
        assert wait_until(is_opened, seconds=10)


UPGRADE = (
    b"GET /connection/websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
