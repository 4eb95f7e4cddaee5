"""An S3 store on this machine that answers as told: moto's, with faults in front of it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any

ERROR = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'


@dataclass
class Faulty:
    """A store; what is in `faults` is answered to a method (GET, PUT, ...) instead of what is asked for."""

    endpoint: str = ""
    faults: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    """Status, code and message by method."""
    date: str | None = None
    """Of the store's clock."""
    seen: list[str] = field(default_factory=list)

    def fail(self, method: str, status: int, code: str, message: str) -> None:
        self.faults[method] = (status, code, message)


@contextmanager
def serve_faulty(*, tls: bool = False) -> Iterator[Faulty]:
    """Serve a store with an empty bucket `specimen`, with `tls` under a certificate that nobody knows."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server
    from werkzeug.wrappers import Response

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    moto = DomainDispatcherApplication(create_backend_app)
    store = Faulty()

    class Handler(WSGIRequestHandler):
        def date_time_string(self, timestamp: float | None = None) -> str:
            return store.date or super().date_time_string(timestamp)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        store.seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        if fault := store.faults.get(environ["REQUEST_METHOD"]):
            status, code, message = fault
            text = ERROR.format(code=code, message=message)
            return Response(text, status, content_type="application/xml")(environ, start_response)
        return moto(environ, start_response)

    certificate = "adhoc" if tls else None
    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=Handler, ssl_context=certificate)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        if not tls:
            connection = HTTPConnection("127.0.0.1", server.server_port)
            for method, path in (("POST", "/moto-api/reset"), ("PUT", "/specimen")):
                connection.request(method, path)
                assert connection.getresponse().read() is not None
            connection.close()
        store.endpoint = f"http{'s' * tls}://127.0.0.1:{server.server_port}"
        store.seen.clear()
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
