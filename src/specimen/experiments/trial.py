"""One trial of a sweep: an experiment in a copy of the repository, watched by epoch, stopped with all it started."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import psutil

from specimen.common.errors import SpecimenError
from specimen.training.epoch_records import RECORDS
from specimen.versioning.dvc_commands import dvc_command, dvc_environment, fault_in, read_dvc, stop_dvc
from specimen.versioning.errors import NotAvailableError

STAGE = "train"
HISTORY = "plots/history.csv"
COPIES = Path(".dvc/tmp/exps/standalone")
"""Where `dvc exp run --temp` works."""
LOCKS = (Path(".dvc/tmp/rwlock"), Path(".dvc/tmp/exps/rwlock"))


class Trial:
    """A running experiment; a context, at whose end nothing of it runs any more.

    It stops before evaluate: a sweep chooses by val, and never sees the test split.
    """

    def __init__(self, name: str, changes: Mapping[str, Any], folder: Path) -> None:
        """Start an experiment of this name with changed params; its log goes into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.log = folder / f"{name}.log"
        self._records = (folder / f"{name}.jsonl").absolute()
        options = [f"--set-param=++{key}={json.dumps(value)}" for key, value in changes.items()]
        with self.log.open("wb") as log:
            # In a session of its own: Ctrl-C reaches the sweep alone, which then stops the trial in good order.
            self._process = subprocess.Popen(
                dvc_command("exp", "run", "--temp", "--name", name, *options, STAGE),
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=dvc_environment() | {RECORDS: str(self._records)},
                start_new_session=True,
            )

    def epochs(self, seconds: float = 0.5) -> Iterator[dict[str, float]]:
        """Yield the numbers of each epoch soon after its end; return when the experiment is done.

        Raises `SpecimenError` when it has failed.
        """
        seen = 0
        while True:
            done = self._process.poll() is not None
            lines = self._records.read_text(encoding="utf-8").split("\n")[:-1] if self._records.exists() else []
            for line in lines[seen:]:
                yield json.loads(line)
            seen = len(lines)
            if done:
                break
            time.sleep(seconds)
        if self._process.returncode:
            output = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise SpecimenError(f"sweep: {self.name} failed: {fault_in(output)} (all of it: {self.log})")

    def history(self) -> pd.DataFrame:
        """Return what a finished experiment has in DVC; also where DVC knew the result and ran nothing."""
        from dvc.api import read  # noqa: PLC0415 - slow to import

        return pd.read_csv(io.StringIO(read(HISTORY, rev=self.name)))

    def stop(self) -> None:
        """Stop the stage as Ctrl-C would, and leave no process, copy or lock of it behind."""
        if self._process.poll() is not None:
            return
        copies = _copies(psutil.Process(self._process.pid).children(recursive=True))
        stop_dvc(self._process)
        for copy in copies:  # a DVC that was slow to end has not removed its own
            shutil.rmtree(copy, ignore_errors=True)
        _remove_broken_locks()
        # DVC may have kept what was there as an experiment, with the results of the commit that it began from.
        with suppress(NotAvailableError):
            read_dvc(Path.cwd(), "exp", "remove", self.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._records.unlink(missing_ok=True)


def _copies(family: Iterable[psutil.Process]) -> set[Path]:
    """Return the copies of the repository in which these processes work."""
    copies: set[Path] = set()
    for process in family:
        with suppress(psutil.Error):
            folder = Path(process.cwd())
            copies |= {path for path in (folder, *folder.parents) if path.parent == COPIES.resolve()}
    return copies


def _remove_broken_locks() -> None:
    """Remove lock files that are not JSON: an interrupted DVC left them so, and no later one could read them."""
    for path in LOCKS:
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except ValueError:
            path.unlink()
