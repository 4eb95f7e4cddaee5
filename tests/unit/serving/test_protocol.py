"""A connection costs little, whatever a stranger sends, and strangers cannot hold all of them."""

import asyncio
import json
import select
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import Mock

import pytest
from live_server import serve_in_thread

from specimen.serving import connections, protocol
from specimen.serving.connections import client_of, most_connections, to_close

SECONDS = 60
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and say how long it was."""
    if scope["type"] != "http":
        return
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message.get("body", b"")), message.get("more_body", False)
    gone = asyncio.create_task(receive())  # apps may ask whether the client is still there
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": f"{length:8}".encode()})
    gone.cancel()


@contextmanager
def connected(port: int, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    with closing(socket.create_connection(("127.0.0.1", port), SECONDS, (source, 0))) as connection:
        yield connection


def send_until_refused(connection: socket.socket, piece: bytes, most: int = 20_000_000) -> int:
    """Send a piece again and again until the server closes the connection or takes no more; return the bytes sent."""
    connection.settimeout(0.5)
    sent = 0
    try:
        while sent < most:
            sent += connection.send(piece)
    except (TimeoutError, ConnectionError):
        pass
    connection.settimeout(SECONDS)
    return sent


def answer(connection: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection."""
    parts = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionError:
        pass
    return b"".join(parts)


@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a: b\r\n" * 100),
        (b"GET / HTTP/1.1\r\nHost: ", b"a" * 1000),
        (b"GET /", b"a" * 1000),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"a: b\r\n" * 100),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * 1000),
    ],
)
def test_a_head_without_end_is_cut_off(begin: bytes, piece: bytes) -> None:
    with serve_in_thread(app) as port, connected(port) as connection:
        connection.sendall(begin + piece * (protocol.HEAD_BYTES // len(piece) + 1))
        found = answer(connection)
    head, _, body = found.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 431 ")
    assert json.loads(body)["code"] == "too_large"


def test_what_is_not_http_is_refused_in_the_form_of_all_refusals() -> None:
    with serve_in_thread(app) as port, connected(port) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        found = answer(connection)
    assert found.startswith(b"HTTP/1.1 400 ")
    assert json.loads(found.partition(b"\r\n\r\n")[2])["code"] == "bad_request"


def test_no_more_requests_are_read_than_answers_are() -> None:
    with serve_in_thread(app) as port, connected(port) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        assert send_until_refused(connection, GET * 1000) < 19_000_000
        with connected(port) as other:
            other.sendall(GET)
            assert other.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    ("idle", "more_body", "reads"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_nothing_is_read_ahead_while_a_complete_request_waits(idle: bool, more_body: bool, reads: bool) -> None:
    transport, calls = Mock(), list[str]()
    transport.resume_reading.side_effect = lambda: calls.append("resume")
    flow = protocol.OneByOne(transport, Mock(idle=idle, cycle=Mock(more_body=more_body)))
    flow.pause_reading()
    flow.resume_reading()
    assert bool(calls) == reads
    assert flow.read_paused != reads


@pytest.mark.parametrize(("begin", "status"), [(b"", b""), (b"GET / HTTP/1.1\r\nHost: local", b"HTTP/1.1 408 ")])
def test_a_head_has_to_arrive_in_time(monkeypatch: pytest.MonkeyPatch, begin: bytes, status: bytes) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    with serve_in_thread(app) as port, connected(port) as connection:
        connection.sendall(begin)
        found = answer(connection)
    assert found.startswith(status)
    assert bool(found) == bool(status)


def test_connections_that_wait_make_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "most_connections", lambda: 4)
    with serve_in_thread(app) as port:
        idle = [socket.create_connection(("127.0.0.1", port), SECONDS, ("127.0.0.2", 0)) for _ in range(12)]
        for _ in range(2):
            with connected(port) as connection:
                connection.sendall(GET)
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
        closed, _, _ = select.select(idle, [], [], 0)
        for one in idle:
            one.close()
    assert len(closed) == 9


def test_few_open_files_mean_fewer_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    for files, expected in ((256, 192), (1024, 256), (10, 1), (resource.RLIM_INFINITY, 256)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert most_connections() == expected


@dataclass(frozen=True)
class Held:
    """A connection as `to_close` sees it."""

    peer: str
    waiting: bool
    opened: float = 0


@pytest.mark.parametrize(
    ("others", "closed"),
    [
        ([Held("a", True), Held("b", True, 1), Held("b", True, 2)], 1),
        ([Held("a", False), Held("a", False), Held("b", True)], 2),
        ([Held("a", False, 2), Held("a", False, 1), Held("b", False)], 1),
        ([Held("new", False), Held("new", False), Held("a", False)], None),
        ([Held("a", False), Held("b", False)], None),
    ],
)
def test_who_waits_or_has_the_most_gives_way(others: list[Held], closed: int | None) -> None:
    new = Held("new", False)
    assert to_close(new, others) is (new if closed is None else others[closed])


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("testclient", "testclient"),
    ],
)
def test_one_host_is_one_client(address: str, client: str) -> None:
    assert client_of(address) == client


def test_the_limit_of_connections_leaves_files_for_the_server() -> None:
    assert connections.most_connections() <= connections.MOST
