"""Processes that need not import torch: they are forked from a server that has, because the import takes 4 seconds.

They are processes of their own in every other way, and can be interrupted and killed.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import socket
import sys
import uuid
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from unittest import mock

from projects import ROOT

PRELOADED = ["train", "timm"]
"""The modules that the server imports, if they are installed, and so all that these import in turn."""
SECONDS_TO_END = 120.0


@dataclass(frozen=True)
class Started:
    """A process, and the file that gets what it prints."""

    process: ForkServerProcess
    output: Path

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def said(self) -> str:
        return self.output.read_text() if self.output.exists() else ""

    def wait(self) -> int:
        """Wait for the end, and return the exit status; that of a process that was killed is minus the signal."""
        self.process.join(SECONDS_TO_END)
        assert self.process.exitcode is not None, "it has not ended"
        return self.process.exitcode


def start(script: Path, *arguments: str, **env: str) -> Started:
    """Start `python SCRIPT ARGUMENTS` in this folder."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    with mock.patch.dict(os.environ, {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}):
        forkserver.ensure_running()
    output = Path.cwd() / f".{script.stem}-{uuid.uuid4().hex}.txt"
    process = context.Process(target=_run, args=(str(script), arguments, str(Path.cwd()), str(output), env))
    process.start()
    return Started(process, output)


def start_group(script: Path, *arguments: str, size: int = 2) -> list[Started]:
    """Start a group of processes that find each other, as `torchrun` does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(size)}
    ranks = map(str, range(size))
    return [start(script, *arguments, RANK=rank, LOCAL_RANK=rank, **shared) for rank in ranks]


def _run(script: str, arguments: tuple[str, ...], folder: str, output: str, env: dict[str, str]) -> None:
    multiprocessing.set_start_method(None, force=True)  # its own children start as those of any process
    os.setsid()  # so that the process and its children can be signalled together
    os.chdir(folder)
    os.environ |= env
    file = os.open(output, os.O_WRONLY | os.O_CREAT)
    os.dup2(file, 1)
    os.dup2(file, 2)
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
