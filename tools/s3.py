"""An S3 server on this machine, to try `dvc push` and `dvc pull` without an account; it keeps nothing."""

import argparse
import logging
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from queue import SimpleQueue

from dvc.config import Config, ConfigError
from moto.server import ThreadedMotoServer

from specimen.common import errors
from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically
from specimen.common.sockets import bind

HOST = "127.0.0.1"
PORT = 5555
BUCKET = "specimen"
REMOTE = "storage"
"""The remote of `.dvc/config`, which `.dvc/config.local` overrides key by key."""

LOCAL = Path(".dvc/config.local")
BEFORE = Path(".dvc/tmp/config.local.before-s3")
NONE_BEFORE = Path(".dvc/tmp/config.local.none-before-s3")
"""One of these two exists while the local config is ours, so that the next run can undo what a killed one left."""

WELCOME = """\
An S3 server listens at {endpoint}, on this machine only, and DVC's remote `{remote}` now points there.
In a second terminal, here, with .venv activated:

  dvc push            copy to the server what DVC keeps in its cache
  dvc status --cloud  compare the cache with the server
  dvc pull            copy back what is missing here; to see it work, move .dvc/cache away before

Ctrl-C ends the server. It forgets everything then, and {local} becomes what it was before."""


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help=f"port on {HOST}, default {PORT}; 0 takes any free one")
    port = parser.parse_args().port
    signals: SimpleQueue[int] = SimpleQueue()
    # Not an exception, which could come while the local config is being written or put back. Set for Ctrl-C as well,
    # because a shell starts its background jobs with that ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: signals.put(number))
    with serve(port) as endpoint, point_dvc_at(endpoint):
        print(WELCOME.format(endpoint=endpoint, remote=REMOTE, local=LOCAL), flush=True)
        signals.get()
    print(f"\nThe server has ended; {LOCAL} is what it was before.")


@contextmanager
def serve(port: int = 0) -> Iterator[str]:
    """Serve an empty bucket from a thread of this process, on any free port with 0; yield the endpoint."""
    # Tried here first: at a taken port the thread of moto's server ends silently, and `start` waits for it for ever.
    bind(HOST, port, "It may be another `make s3`; `python tools/s3.py --port 0` finds a free one.").close()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # else it prints a line for each request
    server = ThreadedMotoServer(HOST, port, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        connection = HTTPConnection(host, port)  # not urllib, which would ask a proxy
        for method, path in (
            ("POST", "/moto-api/reset"),  # the buckets belong to the process, not to one server
            ("PUT", f"/{BUCKET}"),
        ):
            connection.request(method, path)
            response = connection.getresponse()
            answer = response.read()
            assert response.status == 200, answer
        connection.close()
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def point_dvc_at(endpoint: str) -> Iterator[None]:
    """Point DVC's remote at `endpoint` in the local config, which is put back afterwards."""
    if not LOCAL.parent.is_dir():
        raise SpecimenError(f"{LOCAL.parent} not found; run from the root of the repository.")
    _put_back()
    _keep()
    try:
        _write_local(endpoint)
        yield
    finally:
        _put_back()


def _write_local(endpoint: str) -> None:
    try:
        with Config(str(LOCAL.parent)).edit("local") as config:
            config["core"]["remote"] = REMOTE
            # Replaces all that was there: a profile or token of a real account would get in the way.
            config["remote"][REMOTE] = {
                "url": f"s3://{BUCKET}/dvc",
                "endpointurl": endpoint,
                "access_key_id": "any",
                "secret_access_key": "any",
            }
    except ConfigError as error:
        raise SpecimenError(f"DVC cannot read its config, {LOCAL} included: {error}") from None


def _keep() -> None:
    """Keep the local config, or the fact that there is none."""
    if LOCAL.exists():
        with replace_atomically(BEFORE) as aside:
            shutil.copy2(LOCAL, aside)
    else:
        NONE_BEFORE.parent.mkdir(exist_ok=True)
        NONE_BEFORE.touch()


def _put_back() -> None:
    """Put back what was kept, if anything is."""
    if BEFORE.exists():
        BEFORE.replace(LOCAL)
    elif NONE_BEFORE.exists():
        LOCAL.unlink(missing_ok=True)
        NONE_BEFORE.unlink()


if __name__ == "__main__":
    errors.run_cli(main)
