"""Who may ask: checked from the head of a request alone, before any of its body is read or counted."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from specimen.common.errors import SpecimenError
from specimen.serving.answers import refuse
from specimen.serving.bodies import drained
from specimen.serving.request_errors import RequestError

OPEN_PATHS = ("/", "/health")
"""Paths that need no key, with the files of the page."""
PAGE_FILES = "/page/"
ANY_HOST = "*"
DRAINED_BYTES = 1_000_000
"""Most that is read of a body whose sender may not ask."""


@dataclass(frozen=True)
class Access:
    """Who may ask a server."""

    key: str | None = None
    """What requests must bring, except those for the page and `/health`."""
    hosts: Sequence[str] = ()
    """Names under which the server is asked, other than `localhost` and addresses in numbers; `*` for any name."""
    origins: Sequence[str] = ()
    """Other sites whose pages may send requests."""

    def check(self, scope: Scope) -> None:
        """Raise `RequestError` for a request that may not pass."""
        headers = Headers(scope=scope)
        self._check_host(headers.get("host", ""))
        if scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            self._check_site(headers)
        path = scope["path"]
        if self.key and path not in OPEN_PATHS and not path.startswith(PAGE_FILES):
            self._check_key(headers.get("authorization", ""), self.key)

    def _check_host(self, host: str) -> None:
        # A web page can have its own name lead to this machine ("DNS rebinding") and then read all answers; it cannot
        # do so with a number.
        name = _host_name(host)
        if ANY_HOST in self.hosts or name == "localhost" or _is_number(name):
            return
        if name not in [known.lower() for known in self.hosts]:
            message = f"this server does not know itself as '{name[:100]}'; --allow-host {name[:100]} admits the name."
            raise RequestError(421, "wrong_host", message)

    def _check_site(self, headers: Headers) -> None:
        # Browsers send these with each POST; programs do not, and may pass.
        origin = headers.get("origin")
        if origin in self.origins:
            return
        elsewhere = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
        if elsewhere or headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            site = (origin or "another site")[:100]
            message = f"pages of {site} may not send requests here; --origin admits a site."
            raise RequestError(403, "wrong_site", message)

    @staticmethod
    def _check_key(sent: str, key: str) -> None:
        scheme, _, sent_key = sent.partition(" ")
        # Compared in constant time: the duration does not reveal how much of the key was right.
        right = hmac.compare_digest(sent_key.strip().encode(), key.encode())
        if scheme.lower() != "bearer" or not right:
            raise RequestError(401, "no_key", "this server requires its API key: Authorization: Bearer <key>.")


class AccessMiddleware:
    """ASGI middleware that refuses those who may not ask."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or refuse it."""
        if scope["type"] == "http":
            try:
                self._access.check(scope)
            except RequestError as error:
                rest_is_read = await drained(receive, DRAINED_BYTES)
                await refuse(error, send, close=not rest_is_read)
                return
        await self._app(scope, receive, send)


def check_key(key: str) -> str:
    """Return a key that every client can send in a header. Raises `SpecimenError` for another."""
    way_out = "Use letters, digits and signs of ASCII, as `openssl rand -hex 16` makes them."
    if key != key.strip():
        raise SpecimenError(f"the API key begins or ends with a space or a line break, which gets lost. {way_out}")
    wrong = next((character for character in key if not " " <= character <= "~"), None)
    if wrong is not None:
        raise SpecimenError(f"the API key has the character {wrong!a}, which not every client can send. {way_out}")
    return key


def _host_name(host: str) -> str:
    """Return the name in `name:8000` or `[::1]:8000`, in small letters."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return host


@lru_cache(maxsize=100)  # a server is asked under the same few names all day
def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True
