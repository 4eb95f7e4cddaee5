"""Commands of DVC: run on the terminal, read to the end, or line by line."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from specimen.common.errors import SpecimenError
from specimen.versioning.errors import NotAvailableError, TooSlowError
from specimen.versioning.parsing import parse_json

SECONDS_TO_STOP = 30.0
"""How long DVC may tidy up after a stage that was stopped."""
_NOT_LOADED = re.compile(r"failed to load (?:params|metrics) in revision .*")


def dvc_command(*arguments: str) -> list[str]:
    """Return the command line that runs DVC in the environment of this Python."""
    return [sys.executable, "-m", "dvc", *arguments]


def dvc_environment() -> dict[str, str]:
    """Return the environment for DVC: the `python` of its stages is this one, also where nobody has activated it."""
    folder = str(Path(sys.executable).parent)
    return os.environ | {"PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}


def set_param(change: str) -> str:
    """Return `KEY=VALUE` as `dvc exp run --set-param` takes it, also for a key that params.yaml leaves out.

    Raises `SpecimenError` for a change without a key or a value.
    """
    key, equals, value = change.partition("=")
    if not key.strip() or not equals or not value.strip():
        raise SpecimenError(f"'{change}' changes nothing; write KEY=VALUE, such as train.epochs=3.")
    return change if key.startswith(("+", "~")) else f"++{change}"


def run_dvc(*arguments: str) -> int:
    """Run a DVC command whose output goes to the terminal; return its exit status."""
    return subprocess.run(dvc_command(*arguments), env=dvc_environment(), check=False).returncode


def read_dvc(root: Path, *arguments: str, seconds: float | None = None) -> str:
    """Return what a DVC command printed. Raises `NotAvailableError` with the first line of what it says went wrong.

    So it does where DVC takes longer than so many seconds.
    """
    try:
        done = _capture_dvc(root, *arguments, seconds=seconds)
    except subprocess.TimeoutExpired:
        raise TooSlowError(f"`dvc {' '.join(arguments[:2])}` gave no answer within {seconds:g} s") from None
    if done.returncode:
        lines = [line.removeprefix("ERROR: ") for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = lines[0] if lines else f"exit status {done.returncode}"
        raise NotAvailableError(f"`dvc {' '.join(arguments[:2])}` did not work: {reason}")
    if failed := _NOT_LOADED.search(done.stderr):  # with status 0, as if there were nothing
        raise NotAvailableError(f"`dvc {' '.join(arguments[:2])}`: {failed[0]}")
    return done.stdout


def _capture_dvc(root: Path, *arguments: str, seconds: float | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        dvc_command(*arguments),
        cwd=root,
        env=dvc_environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=seconds,
    )


def read_dvc_json(root: Path, *arguments: str, seconds: float | None = None) -> dict[str, Any]:
    """Return the JSON that a DVC command prints. Raises `NotAvailableError` as `read_dvc` does."""
    printed = read_dvc(root, *arguments, "--json", seconds=seconds)
    return parse_json(printed.encode(), f"what `dvc {arguments[0]}` printed")


def stream_dvc(root: Path, *arguments: str) -> Iterator[str]:
    """Yield the lines that a DVC command prints, as they come. Raises `SpecimenError` that says why it failed."""
    lines: list[str] = []
    with subprocess.Popen(
        dvc_command(*arguments),
        cwd=root,
        env=dvc_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                yield lines[-1]
        except BaseException:  # whoever reads has been interrupted, or wants no more
            stop_dvc(process)
            raise
    if process.returncode:
        raise SpecimenError(fault_in(lines))


def stop_dvc(process: subprocess.Popen[Any]) -> None:
    """Stop the stage as Ctrl-C would, so that DVC, whose stage has failed, tidies up; then kill what is left."""
    if process.poll() is not None:
        return
    family = psutil.Process(process.pid).children(recursive=True)
    # Not DVC itself, if it can be helped: it would leave a lock file half written.
    for member in family or [process]:
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            member.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_TO_STOP)
    for member in [process, *family]:  # children of torchrun are in sessions of their own
        with suppress(psutil.NoSuchProcess, ProcessLookupError):
            member.kill()
    process.wait()


def fault_in(output: Sequence[str]) -> str:
    """Return what a failed program says went wrong: its first line that begins with `error`, else its last line."""
    faults = [line for line in output if line.lower().startswith("error")] or output[-1:] or ["no output"]
    return faults[0]
