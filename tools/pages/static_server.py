"""Hands out a folder as any web server does, on this machine, until the end of a context; then nobody answers there."""

from __future__ import annotations

import functools
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


class StaticServer(ThreadingHTTPServer):
    """Knows its connections, because browsers open some in advance, and how many bytes of files it has sent."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), functools.partial(_Handler, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self.server_port}/"
        self.sent = 0
        self._connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a request in a thread of its own."""
        self._connections.append(request)
        super().process_request(request, client_address)

    def server_close(self) -> None:
        """Close the server and its connections."""
        super().server_close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(SimpleHTTPRequestHandler):
    server: StaticServer

    def copyfile(self, source: Any, outputfile: Any) -> None:
        self.server.sent += os.fstat(source.fileno()).st_size
        with suppress(ConnectionError):
            super().copyfile(source, outputfile)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is that of the standard library
        """Say nothing."""


@contextmanager
def serve_folder(folder: Path) -> Iterator[StaticServer]:
    """Serve a folder; yield the server."""
    with StaticServer(folder) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
