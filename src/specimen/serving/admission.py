"""Limits that hold before the work begins: so many requests at a time, so many bytes each."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.limits import Limits, megabytes
from specimen.serving.request_errors import RequestError
from specimen.serving.schemas import Problem

RETRY_AFTER = 1
"""Seconds after which a refused request may be sent again."""


class AdmissionMiddleware:
    """ASGI middleware for the requests that have a body."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 429."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = RequestBody(receive, send, self._limits)
        if self._requests >= self._limits.requests:
            await _refuse_for_now(body)
            return
        self._requests += 1
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            self._requests -= 1


class RequestBody:
    """The body of a request, counted as it comes in.

    A client sends all of it before it reads the answer. If the server answered earlier and closed the connection, the
    client would see a broken connection instead of the reason. So the rest is read and thrown away before a refusal is
    sent, but no more than a request may have, and for no longer than it may take.
    """

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._bytes_left = limits.request_bytes
        self._complete = False

    async def receive(self) -> Message:
        """Return the next piece. Raises `RequestError` over the limit."""
        message = await self._next()
        if self._bytes_left < 0:
            limit = megabytes(self._limits.request_bytes)
            raise RequestError(
                413, "too_large", f"the request is larger than {limit}; send the images in several requests."
            )
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer; a refusal waits for the rest of the body."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            await self.drain()
        await self._send(message)

    async def drain(self) -> None:
        """Read the rest and throw it away."""
        self._bytes_left = self._limits.request_bytes
        try:
            async with asyncio.timeout(self._limits.seconds):
                while not self._complete and self._bytes_left > 0:
                    await self._next()
        except TimeoutError:
            pass

    async def _next(self) -> Message:
        message = await self._receive()
        self._bytes_left -= len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message


async def _refuse_for_now(body: RequestBody) -> None:
    problem = Problem(code="busy", message="too many requests in progress; try again in a moment.")
    headers = [(b"content-type", b"application/json"), (b"retry-after", str(RETRY_AFTER).encode())]
    await body.send({"type": "http.response.start", "status": 429, "headers": headers})
    await body.send({"type": "http.response.body", "body": problem.model_dump_json().encode()})
