"""A tool that serves pages on this machine, for as long as a test or a picture needs it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from specimen.common.errors import SpecimenError

SECONDS_TO_START = 600.0
"""The first time, a tool may be downloaded."""
SECONDS_TO_STOP = 30.0
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""What asks a server on this machine, whatever proxies this machine has."""


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def serve(command: Sequence[str], repository: Path, log: Path, health: str, **variables: str) -> Iterator[None]:
    """Run a command in a repository until somebody answers at the address `health`. At the end all processes are gone.

    `log` gets what it prints, `variables` go into its environment. Raises `SpecimenError` where nobody answers.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=repository,
            env=os.environ | variables,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that the processes that it starts can be signalled with it
        )
    try:
        _wait_until_served(process, health, log)
        yield
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does in a terminal
        with suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS_TO_STOP)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_served(process: subprocess.Popen[bytes], health: str, log: Path) -> None:
    end = time.monotonic() + SECONDS_TO_START
    while process.poll() is None and time.monotonic() < end:
        with suppress(OSError), DIRECT.open(health, timeout=10):
            return
        time.sleep(0.2)
    raise SpecimenError(f"Nobody answers at {health}: {log.read_text(errors='replace')[-2000:]}")
