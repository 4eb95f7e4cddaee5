"""The bodies of requests: counted as they come in, timed by their progress, and read to the end before a refusal."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from specimen.serving.answers import CLOSE
from specimen.serving.limits import Limits, megabytes
from specimen.serving.quota import Quota
from specimen.serving.request_errors import RequestError

DRAIN_SECONDS = 2.0
"""Longest time in which the rest of a refused body is read and thrown away."""
PROGRESS_BYTES = 65_536
"""At least so much has to come within `Limits.seconds`: 17 kbit/s with the default."""
MAX_WAITS = 20
"""A request may take so many times `Limits.seconds` in all: 10 minutes with the default."""


class RequestBody:
    """The body of a request.

    A client sends all of it before it reads the answer. If the server answered earlier and closed the connection, the
    client would see a broken connection instead of the reason. So the rest is read and thrown away before a refusal is
    sent, but no more than a request may have, and not for long.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits, memory: Quota, client: str) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._memory = memory
        self._client = client
        self._announced = _content_length(scope)
        self._reserved = 0
        self._count = 0
        self._complete = False
        now = asyncio.get_running_loop().time()
        self._latest = now + MAX_WAITS * limits.seconds
        self._due = now + limits.seconds
        self._due_count = PROGRESS_BYTES

    def reserve(self) -> None:
        """Reserve memory for the body as far as its length is known. Raises `RequestError` where it is too large."""
        if self._announced > self._limits.request_bytes:
            raise self._too_large()
        self._take(self._announced)

    def release(self) -> None:
        """Return the memory."""
        self._memory.give_back(self._client, self._reserved)
        self._reserved = 0

    async def receive(self) -> Message:
        """Return the next piece. Raises `RequestError` over a limit."""
        try:
            async with asyncio.timeout_at(min(self._due, self._latest)):
                message = await self._receive()
        except TimeoutError:
            reason = f"hardly anything of the request came in within {self._limits.seconds:g} s."
            raise RequestError(408, "too_slow", reason) from None
        self._note(message)
        if self._count > self._limits.request_bytes:
            raise self._too_large()
        if self._count > self._reserved:
            self._take(self._count - self._reserved)
        if self._count >= self._due_count:
            self._due = asyncio.get_running_loop().time() + self._limits.seconds
            self._due_count = self._count + PROGRESS_BYTES
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer; a refusal waits for the rest of the body."""
        if message["type"] == "http.response.start" and message["status"] >= 400 and not self._complete:
            self._complete = await drained(self._receive, self._limits.request_bytes)
            if not self._complete:
                message = {**message, "headers": [*message.get("headers", ()), CLOSE]}
        await self._send(message)

    def _note(self, message: Message) -> None:
        self._count += len(message.get("body", b""))
        self._complete = _is_last(message)

    def _take(self, amount: int) -> None:
        if not self._memory.take(self._client, amount):
            raise RequestError(429, "busy", "too many bytes in progress; try again in a moment.")
        self._reserved += amount

    def _too_large(self) -> RequestError:
        limit = megabytes(self._limits.request_bytes)
        message = f"the request is larger than {limit}; send the images in several requests."
        return RequestError(413, "too_large", message)


async def drained(receive: Receive, most: int) -> bool:
    """Read what is left of a body, for a short while and up to so many bytes; return whether that was all of it."""
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            while most > 0:
                message = await receive()
                most -= len(message.get("body", b""))
                if _is_last(message):
                    return True
    except TimeoutError:
        pass
    return False


def _is_last(message: Message) -> bool:
    return message["type"] != "http.request" or not message.get("more_body", False)


def _content_length(scope: Scope) -> int:
    try:
        return max(0, int(Headers(scope=scope).get("content-length", "0")))
    except ValueError:
        return 0
