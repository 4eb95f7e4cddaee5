"""Who may send requests, and what a browser may do with the page."""

import hmac
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from specimen.serving.request_errors import RequestError

HEADERS = {
    # The page consists of files from this server only; `blob:` and `data:` are the photos that it shows.
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

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


BEARER = HTTPBearer(auto_error=False, description="The key that the server was started with.")


def key_check(key: str) -> Callable[..., None]:
    """Return a dependency that lets a request pass only with this key, as `Authorization: Bearer <key>`."""

    def check(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]) -> None:
        # Compared in constant time: the duration does not reveal how much of the key was right.
        if credentials is None or not hmac.compare_digest(credentials.credentials.encode(), key.encode()):
            raise RequestError(401, "no_key", "this server requires its API key: Authorization: Bearer <key>.")

    return check
