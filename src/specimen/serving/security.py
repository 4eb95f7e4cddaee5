"""Who may ask, and what a browser may do with the page."""

import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.limits import RequestError

HEADERS = {
    # The page is made of files of this server alone; `blob:` and `data:` are the photos that it shows.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class SecurityHeadersMiddleware:
    """ASGI middleware that puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


BEARER = HTTPBearer(auto_error=False, description="The key that the server was started with.")


def key_check(key: str) -> Callable[..., None]:
    """Return what lets a request pass only if it brings the key, as `Authorization: Bearer <key>`."""

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> None:
        # Compared in constant time: how long it takes tells nothing of how much was right.
        if given is None or not hmac.compare_digest(given.credentials.encode(), key.encode()):
            raise RequestError(401, "no_key", "this server wants its API key: Authorization: Bearer <key>.")

    return check
