"""Refusals in the form that the API documents, wherever they come from."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Send

from specimen.serving.request_errors import RequestError
from specimen.serving.schemas import Problem

RETRY_AFTER = 1
"""Seconds after which a refused request may be sent again."""
HEADERS = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": str(RETRY_AFTER)},
    503: {"Retry-After": str(RETRY_AFTER)},
}
"""Of refusals with these statuses."""
CLOSE = (b"connection", b"close")


def refusal(error: RequestError) -> JSONResponse:
    """Return the answer to a request that is refused."""
    problem = Problem(code=error.code, message=error.message, results=list(error.failures))
    return JSONResponse(problem.model_dump(), error.status, HEADERS.get(error.status))


async def refuse(error: RequestError, send: Send, *, close: bool) -> None:
    """Send the answer to a request that is refused; with `close`, it is the last on its connection."""
    response = refusal(error)
    start: Message = {"type": "http.response.start", "status": response.status_code, "headers": response.raw_headers}
    if close:
        start["headers"] = [*response.raw_headers, CLOSE]
    await send(start)
    await send({"type": "http.response.body", "body": response.body})


async def on_request_error(_: Request, error: Exception) -> Response:
    """Answer a refused request."""
    assert isinstance(error, RequestError)
    return refusal(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer a request for a path or with a method that the server does not have."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        known = RequestError(405, "wrong_method", f"{request.method} does not go with this path.")
    elif error.status_code == 404:
        known = RequestError(404, "not_found", "there is nothing at this path; /openapi.json lists all paths.")
    else:
        known = RequestError(error.status_code, "bad_request", f"{error.detail}.")
    response = refusal(known)
    response.headers.update(error.headers or {})
    return response


async def on_bug(_: Request, error: Exception) -> Response:
    """Answer a request at which the server failed; the log has the reason."""
    return refusal(RequestError(500, "internal", "the server failed at this request; its log says why."))
