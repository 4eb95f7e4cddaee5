"""A server in a thread of this process, for tests that need a real socket and no process of their own."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from specimen.serving.protocol import server_config


@contextmanager
def serve_in_thread(app: ASGIApp, port: int = 0) -> Iterator[int]:
    """Serve an app on a port of this machine, any free one with 0; yield the port."""
    server = uvicorn.Server(server_config(app, log_level="critical"))
    with socket.create_server(("127.0.0.1", port)) as bound:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        try:
            yield bound.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()
