"""The gate before the work: so many requests at a time, so many bytes each; one more is told when to come again."""

from __future__ import annotations

import asyncio
import json

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.limits import Limits, RequestError, megabytes

RETRY_AFTER = 1
"""Seconds after which a refused request may try again."""


class Gate:
    """ASGI middleware over the requests that bring a body."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits = app, limits
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 429."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body = Body(receive, send, self._limits)
        if self._at_work >= self._limits.requests:
            await _refuse_for_now(body)
            return
        self._at_work += 1
        try:
            await self._app(scope, body.receive, body.send)
        finally:
            self._at_work -= 1


class Body:
    """The body of a request, counted as it comes in.

    A client sends all of it before it reads the answer. If the server answered earlier and closed the connection, the
    client would see a broken connection in place of the reason. So what is left is read, and thrown away, before a
    refusal goes out: as much as a request may have, and no longer.
    """

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._left = limits.request_bytes
        self._complete = False

    async def receive(self) -> Message:
        """Return the next piece. Raises `RefusalError` beyond the limit."""
        message = await self._next()
        if self._left < 0:
            limit = megabytes(self._limits.request_bytes)
            raise RequestError(413, "too_large", f"the request is larger than {limit}; send the images in several.")
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer, the first of a refusal after the rest of the body."""
        if message["type"] == "http.response.start" and message["status"] >= 400:
            await self.drain()
        await self._send(message)

    async def drain(self) -> None:
        """Read the rest and keep none of it."""
        self._left = self._limits.request_bytes
        try:
            async with asyncio.timeout(self._limits.seconds):
                while not self._complete and self._left > 0:
                    await self._next()
        except TimeoutError:
            pass

    async def _next(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        self._complete = message["type"] != "http.request" or not message.get("more_body", False)
        return message


async def _refuse_for_now(body: Body) -> None:
    problem = {"code": "busy", "message": "too many requests at work; try again in a moment.", "results": []}
    headers = [(b"content-type", b"application/json"), (b"retry-after", str(RETRY_AFTER).encode())]
    await body.send({"type": "http.response.start", "status": 429, "headers": headers})
    await body.send({"type": "http.response.body", "body": json.dumps(problem).encode()})
