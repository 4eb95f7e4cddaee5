"""So many requests are let through at a time, and a refused one is read to its end before it is answered."""

import asyncio
import json
from typing import Any

import pytest

from specimen.serving.admission import AdmissionMiddleware
from specimen.serving.limits import Limits
from specimen.serving.request_errors import RequestError

POST = {"type": "http", "method": "POST"}


class Client:
    """One request, its body in pieces, and what came back."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.answer = list(pieces), list[dict[str, Any]]()

    async def receive(self) -> dict[str, Any]:
        if not self.pieces:
            await asyncio.sleep(3600)  # a client that sends no more
        piece = self.pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": piece != b""}

    async def send(self, message: dict[str, Any]) -> None:
        self.answer.append(message)

    @property
    def status(self) -> int:
        return int(self.answer[0]["status"])


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """An app that reads the body and says how long it was."""
    length, more = 0, True
    while more:
        message = await receive()
        length, more = length + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(length).encode()})


async def refuse_unread(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 401})


def test_one_request_too_many_is_asked_to_retry() -> None:
    async def main() -> list[Client]:
        admission = AdmissionMiddleware(read_all, Limits(requests=2))
        waiting = [Client(b"half"), Client(b"half")]
        tasks = [asyncio.create_task(admission(POST, one.receive, one.send)) for one in waiting]
        await asyncio.sleep(0)
        refused, page, later = Client(b"a", b"b", b""), Client(b""), Client(b"abc", b"")
        await admission(POST, refused.receive, refused.send)
        await admission({"type": "http", "method": "GET"}, page.receive, page.send)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await admission(POST, later.receive, later.send)
        return [refused, page, later]

    refused, page, later = asyncio.run(main())
    assert [one.status for one in (refused, page, later)] == [429, 200, 200]
    assert (b"retry-after", b"1") in refused.answer[0]["headers"]
    assert json.loads(refused.answer[1]["body"])["code"] == "busy"
    assert refused.pieces == [], "else the client might see a broken connection in place of the answer"


def test_a_body_is_counted_as_it_comes() -> None:
    client = Client(b"x" * 60, b"x" * 60, b"x" * 60, b"")
    with pytest.raises(RequestError) as caught:
        asyncio.run(AdmissionMiddleware(read_all, Limits(request_bytes=100))(POST, client.receive, client.send))
    assert caught.value.status == 413
    assert len(client.pieces) == 2, "what came after is not read"


def test_a_refusal_waits_for_the_rest_of_the_body() -> None:
    client = Client(b"x" * 60, b"x" * 60, b"")
    asyncio.run(AdmissionMiddleware(refuse_unread, Limits())(POST, client.receive, client.send))
    assert (client.status, client.pieces) == (401, [])


@pytest.mark.parametrize("pieces", [[b"x"], [b"x" * 70] * 1000])
def test_a_refusal_waits_neither_for_ever_nor_for_everything(pieces: list[bytes]) -> None:
    client = Client(*pieces)
    asyncio.run(
        AdmissionMiddleware(refuse_unread, Limits(request_bytes=100, seconds=0.01))(POST, client.receive, client.send)
    )
    assert client.status == 401
    assert len(client.pieces) in (0, 998)


def test_a_client_that_sends_too_slowly_gets_408() -> None:
    from starlette.requests import Request

    from specimen.serving.uploads import open_upload

    client = Client(b"--b\r\n")
    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, client.receive)

    async def main() -> None:
        async with open_upload(request, Limits(seconds=0.01)):
            pass

    with pytest.raises(RequestError, match=r"did not arrive within 0\.01 s") as caught:
        asyncio.run(main())
    assert caught.value.status == 408
