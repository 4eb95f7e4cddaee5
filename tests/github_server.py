"""A server of `github_api` for the real gh.

A setting of gh, `http_unix_socket`, brings it here: what it would send to api.github.com goes to a socket.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingUnixStreamServer
from tempfile import TemporaryDirectory
from typing import Any

from github_api import RefusedError, answer

TOKEN = "token-of-you"
_lock = threading.Lock()


@contextmanager
def serving(state: Path, on_request: Callable[[], None] = lambda: None) -> Iterator[dict[str, str]]:
    """Serve the state, and yield the variables with which the real gh asks it; `on_request` runs while gh waits."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do(self) -> None:
            on_request()
            sent = self.sent()
            status, said = 200, None
            with _lock:
                known = json.loads(state.read_text())
                try:
                    if self.headers.get("Authorization") != f"token {TOKEN}":
                        raise RefusedError(401, "Bad credentials")
                    said = answer(known, self.command, self.path.lstrip("/"), json.loads(sent or "{}"))
                    state.write_text(json.dumps(known))
                except RefusedError as error:
                    status, said = error.status, {"message": str(error), "status": str(error.status)}
            body = b"" if said is None else json.dumps(said).encode()
            self.send_response(status if body else 204)
            if body:
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if body:
                self.wfile.write(body)

        def sent(self) -> bytes:
            """Return the body of a request; what gh has from its stdin comes in chunks."""
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = []
            while size := int(self.rfile.readline(), 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            pass

    with TemporaryDirectory(prefix="gh-", dir="/tmp") as folder, _Server(f"{folder}/socket", Handler) as server:
        Path(folder, "config.yml").write_text(f"http_unix_socket: {folder}/socket\n")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {"GH_CONFIG_DIR": folder, "GH_TOKEN": TOKEN}
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingUnixStreamServer):
    daemon_threads = True
