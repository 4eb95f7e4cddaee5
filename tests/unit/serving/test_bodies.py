"""So many requests and bytes are let through at a time, and a refused body is read to its end, but not for long."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import pytest

from specimen.serving import bodies
from specimen.serving.access import Access, AccessMiddleware
from specimen.serving.admission import AdmissionMiddleware
from specimen.serving.limits import Limits
from specimen.serving.request_errors import RequestError

PATH = "/predict"


class Client:
    """One request, its body in pieces, and what came back. It sends no more after its last piece."""

    def __init__(self, *pieces: bytes, address: str = "10.0.0.1", length: int | None = None, **scope: Any) -> None:
        self.pieces, self.answer = list(pieces), list[dict[str, Any]]()
        headers = [(b"host", b"localhost")]
        if length is not None:
            headers.append((b"content-length", str(length).encode()))
        self.scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "headers": headers,
            "client": (address, 1),
            **scope,
        }

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            await asyncio.sleep(3600)
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.append(message)

    @property
    def status(self) -> int:
        return int(self.answer[0]["status"])

    @property
    def headers(self) -> list[Any]:
        return list(self.answer[0]["headers"])


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads the body and says how long it was."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


async def refuse_unread(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 422, "headers": []})


def admit(limits: Limits, clients: Iterable[Client], *later: Client, app: Any = read_all) -> None:
    """Start the requests of `clients`; while they wait for more of their bodies, answer those of `later`."""

    async def main() -> None:
        admission = AdmissionMiddleware(app, limits, [PATH])
        tasks = [asyncio.create_task(admission(one.scope, one.receive, one.send)) for one in clients]
        await asyncio.sleep(0)
        for one in later:
            await admission(one.scope, one.receive, one.send)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        after = Client(b"abc", b"")
        await admission(after.scope, after.receive, after.send)
        assert after.status in (200, 422), "what was taken has been given back"

    asyncio.run(main())


def test_one_request_too_many_is_asked_to_retry() -> None:
    refused, page = Client(b"a", b"b", b""), Client(b"", method="GET")
    admit(Limits(requests=2), [Client(b"half"), Client(b"half")], refused, page)
    assert [refused.status, page.status] == [429, 200]
    assert (b"retry-after", b"1") in refused.headers
    assert json.loads(refused.answer[1]["body"])["code"] == "busy"
    assert refused.pieces == [], "else the client might see a broken connection in place of the answer"


def test_one_client_cannot_take_all_requests() -> None:
    greedy = [Client(b"half") for _ in range(6)]
    same, other = Client(b"abc", b""), Client(b"abc", b"", address="10.0.0.2")
    admit(Limits(requests=8), greedy, same, other)
    assert [same.status, other.status] == [429, 200]


def test_a_path_without_forms_takes_no_place() -> None:
    elsewhere = [Client(b"half", path="/no/such/page") for _ in range(5)]
    good = Client(b"abc", b"")
    admit(Limits(requests=2), elsewhere, good)
    assert good.status == 200


def test_bytes_are_reserved_before_they_are_read() -> None:
    limits = Limits(memory_bytes=8 * 1000, request_bytes=900)
    announced, grown = Client(b"x" * 400, b"", length=400), Client(b"x" * 300, b"x" * 300, b"", address="10.0.0.3")
    small = Client(b"x" * 100, b"", length=100, address="10.0.0.4")
    admit(limits, [Client(b"x", length=700, address="10.0.0.2")], announced, grown, small)
    assert [announced.status, small.status] == [429, 200]
    assert grown.status == 429


@pytest.mark.parametrize("length", [None, 180])
def test_a_request_that_is_too_large_is_refused_as_soon_as_that_is_known(length: int | None) -> None:
    client = Client(b"x" * 60, b"x" * 60, b"x" * 60, b"", length=length)
    admit(Limits(request_bytes=100), [], client)
    assert (client.status, json.loads(client.answer[1]["body"])["code"]) == (413, "too_large")


def test_a_refusal_waits_for_the_rest_of_the_body() -> None:
    client = Client(b"x" * 60, b"x" * 60, b"")
    admit(Limits(), [], client, app=refuse_unread)
    assert (client.status, client.pieces) == (422, [])
    assert (b"connection", b"close") not in client.headers


@pytest.mark.parametrize("pieces", [[b"x"], [b"x" * 70] * 1000])
def test_a_refusal_waits_neither_for_ever_nor_for_everything(
    pieces: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.01)
    client = Client(*pieces)
    admit(Limits(request_bytes=100), [], client, app=refuse_unread)
    assert client.status == 422
    assert len(client.pieces) in (0, 998)
    assert (b"connection", b"close") in client.headers


def test_who_has_no_key_is_refused_before_the_body_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.01)
    strangers = [Client(b"x" * 100_000, *[b"x" * 100_000] * 50, address=f"10.0.0.{number}") for number in range(9)]
    holder = Client(b"abc", b"")
    holder.scope["headers"].append((b"authorization", b"Bearer secret"))

    async def main() -> None:
        app = AccessMiddleware(AdmissionMiddleware(read_all, Limits(requests=2), [PATH]), Access("secret"))
        tasks = [asyncio.create_task(app(one.scope, one.receive, one.send)) for one in strangers]
        await asyncio.sleep(0)
        await app(holder.scope, holder.receive, holder.send)
        await asyncio.gather(*tasks)

    asyncio.run(main())
    assert holder.status == 200
    assert {one.status for one in strangers} == {401}
    assert {len(one.pieces) for one in strangers} == {41}, "a megabyte of each is read"


def slow(pieces: int, seconds: float) -> Client:
    """A client that pauses between pieces of 64 KB."""
    client = Client(*[b"x" * 65_536] * pieces, b"")
    at_once = client.receive

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(seconds)
        return await at_once()

    client.receive = receive  # type: ignore[method-assign]
    return client


def test_a_slow_client_has_time_as_long_as_it_gets_on() -> None:
    client = slow(6, 0.03)
    admit(Limits(seconds=0.1), [], client)
    assert client.status == 200


@pytest.mark.parametrize("pieces", [[b"--b\r\n"], [b"x"] * 1000])
def test_a_client_that_does_not_get_on_gets_408(pieces: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "DRAIN_SECONDS", 0.01)
    client = slow(0, 0.005)
    client.pieces[:] = pieces
    with pytest.raises(RequestError, match=r"hardly anything of the request came in within 0\.05 s") as caught:
        asyncio.run(read_body(client, Limits(seconds=0.05)))
    assert caught.value.status == 408


def test_a_request_does_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_WAITS", 2)
    with pytest.raises(RequestError):
        asyncio.run(read_body(slow(100, 0.02), Limits(seconds=0.05)))


async def read_body(client: Client, limits: Limits) -> None:
    body = bodies.RequestBody(
        client.scope, client.receive, client.send, limits, bodies.Quota(limits.upload_bytes), "a client"
    )
    await read_all(client.scope, body.receive, body.send)
