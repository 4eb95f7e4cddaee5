"""HTTP with strangers: a head has a size and a time, nothing is kept for those who do not read, nobody holds all."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, TypeGuard

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.h11_impl import H11Protocol

from specimen.serving.connections import client_of, most_connections, to_close
from specimen.serving.schemas import Code, Problem

HEAD_BYTES = 65_536
"""Longest head of a request, and longest trailers after its body."""
HEAD_SECONDS = 10.0
"""Longest time from the connection, or the last answer, to the end of the next head."""
STALL_SECONDS = 30.0
"""Longest time for a client to read the next part of its answer."""
BACKLOG = 512
"""Connections that the system keeps until the server accepts them."""

REFUSALS: dict[int, tuple[Code, str]] = {
    400: ("bad_request", "this is not HTTP/1.1 as RFC 9112 defines it."),
    408: ("too_slow", f"the head of the request did not arrive within {HEAD_SECONDS:g} s."),
    431: ("too_large", f"the head or the trailers of the request are longer than {HEAD_BYTES // 1024} KB."),
}


class GuardedProtocol(H11Protocol):
    """One connection. h11 parses no further request before the last one is answered, and limits heads and trailers."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, and close another connection if this is one too many."""
        super().connection_made(transport)
        self.flow = OneByOne(transport, self)
        self.opened = self.loop.time()
        self.peer = client_of(self.client[0]) if self.client else ""
        self._stall: asyncio.TimerHandle | None = None
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._head_is_late)
        others = [one for one in self.connections if _open_besides(one, self)]
        if len(others) >= most_connections():
            to_close(self, others).transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._head_due.cancel()
        self.resume_writing()
        super().connection_lost(exc)

    @property
    def waiting(self) -> bool:
        """Whether the server waits for the client: for a request, or until it reads its answer."""
        return self.idle or self.flow.write_paused

    @property
    def idle(self) -> bool:
        """Whether no request is in progress."""
        return self.cycle is None or self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._head_due.cancel()
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._head_is_late)
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait for the client to read, but not for ever."""
        super().pause_writing()
        self._stall = self.loop.call_later(STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        if self._stall:
            self._stall.cancel()
        super().resume_writing()

    def _head_is_late(self) -> None:
        if not self.idle:
            return  # its answer begins another wait
        if self.transport.is_closing():
            self.transport.abort()  # what it has not read by now stays unread
            return
        self._head_due = self.loop.call_later(HEAD_SECONDS, self._head_is_late)
        if self.conn.our_state is h11.IDLE and self.conn.trailing_data[0]:
            self._refuse(408)
        else:
            self.transport.close()  # it has asked nothing, or does not end the body of what is answered

    def send_400_response(self, msg: str) -> None:
        """Refuse what h11 could not parse."""
        # uvicorn calls this where it handles the exception of h11, which knows the status.
        error = sys.exc_info()[1]
        self._refuse(error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400)

    def _refuse(self, status: int) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()  # in the middle of an answer
            return
        code, message = REFUSALS.get(status, REFUSALS[400])
        body = Problem(code=code, message=message).model_dump_json().encode()
        headers = [("content-type", "application/json"), ("content-length", str(len(body))), ("connection", "close")]
        events: list[Any] = [
            h11.Response(status_code=status, headers=headers), h11.Data(data=body), h11.EndOfMessage(),
        ]  # fmt: skip
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        self.transport.close()


class OneByOne(FlowControl):
    """Reads nothing further while a request that is complete waits for its answer.

    An app that only asks whether the client is still there would otherwise let in the next piece of what follows.
    """

    def __init__(self, transport: asyncio.Transport, connection: GuardedProtocol) -> None:
        super().__init__(transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Go on reading, if the request is not complete or already answered."""
        if self._connection.idle or self._connection.cycle.more_body:
            super().resume_reading()


def _open_besides(one: object, new: GuardedProtocol) -> TypeGuard[GuardedProtocol]:
    return isinstance(one, GuardedProtocol) and one is not new and not one.transport.is_closing()


def server_config(app: ASGIApp, **options: Any) -> uvicorn.Config:
    """Return how uvicorn serves the app: with this protocol, and no websockets."""
    return uvicorn.Config(
        app,
        http=GuardedProtocol,
        ws="none",
        h11_max_incomplete_event_size=HEAD_BYTES,
        backlog=BACKLOG,
        server_header=False,
        **options,
    )
