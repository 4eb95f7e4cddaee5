"""Limits that hold before the work begins: so many requests at a time, and so much memory for their bytes."""

from __future__ import annotations

from collections.abc import Collection

from starlette.types import ASGIApp, Receive, Scope, Send

from specimen.serving.answers import refuse
from specimen.serving.bodies import RequestBody
from specimen.serving.connections import client_of
from specimen.serving.limits import Limits
from specimen.serving.quota import Quota
from specimen.serving.request_errors import RequestError


class AdmissionMiddleware:
    """ASGI middleware for the requests that have a body."""

    def __init__(self, app: ASGIApp, limits: Limits, paths: Collection[str]) -> None:
        """`paths` are those whose requests are counted."""
        self._app = app
        self._paths = paths
        self._limits = limits
        self._requests = Quota(limits.requests)
        self._memory = Quota(limits.upload_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it with 429."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        client = requester(scope)
        body = RequestBody(scope, receive, send, self._limits, self._memory, client)
        if scope["path"] not in self._paths:
            await self._app(scope, body.receive, body.send)  # which refuses it
            return
        try:
            if not self._requests.take(client, 1):
                raise RequestError(429, "busy", "too many requests in progress; try again in a moment.")
            try:
                body.reserve()
                await self._app(scope, body.receive, body.send)
            finally:
                body.release()
                self._requests.give_back(client, 1)
        except RequestError as error:
            await refuse(error, body.send, close=False)


def requester(scope: Scope) -> str:
    """Return the client that sent a request."""
    return client_of(scope["client"][0]) if scope.get("client") else ""
