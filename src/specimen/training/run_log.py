"""What a training says, through Python's `logging`: on the terminal, and with date and time in `training.log`.

The file is not an output of the stage: it holds times and machines, and outputs are the same bytes everywhere.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from specimen.common.copies import repository_of
from specimen.common.sizes import format_seconds

LOG = logging.getLogger("specimen.training")
"""`info` is for terminal and file, `debug` for the file alone."""
LOG_FILE = Path("training.log")


@contextmanager
def run_log(title: str, *, is_first: bool) -> Iterator[None]:
    """Log a run, with a header and its end; of several processes the first alone says and writes anything.

    A log that cannot be written is a warning, and no reason to stop.
    """
    here = Path.cwd()
    root = repository_of(here)
    handlers = [_Terminal(sys.stdout), *_log_file(root / LOG_FILE)] if is_first else [logging.NullHandler()]
    LOG.setLevel(logging.DEBUG)
    LOG.propagate = False
    for handler in handlers:
        LOG.addHandler(handler)
    begin = time.monotonic()
    try:
        LOG.debug(_header(title, here.relative_to(root)))
        yield
        LOG.info("done in %s", format_seconds(time.monotonic() - begin))
    except BaseException as error:
        why = f"{type(error).__name__}: {error}".removesuffix(": ")
        LOG.debug("ended after %s by %s", format_seconds(time.monotonic() - begin), why)
        raise
    finally:
        for handler in handlers:
            LOG.removeHandler(handler)
            with suppress(OSError):  # of a full disk, which has been said
                handler.close()


def _header(title: str, folder: Path) -> str:
    """Return the first line of a run; `folder` is where it works, below that of the log."""
    name = os.environ.get("DVC_EXP_NAME")
    experiment = f", experiment {name}" if name else ""
    copy = f", in {folder}" if folder.parts else ""
    return f"=== {title}, {datetime.now().astimezone():%Y-%m-%d %H:%M:%S %z}{experiment}{copy} ==="


class _Terminal(logging.StreamHandler[TextIO]):
    """The lines for people who watch, as they are."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self.setLevel(logging.INFO)


class _LogFile(logging.FileHandler):
    """The lines with date, time and process, appended; where the disk fails, it says so once and writes no more."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(logging.Formatter("%(asctime)s [%(process)d] %(message)s"))

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is Python's
        """Warn of a line that could not be written."""
        self.setLevel(logging.CRITICAL + 1)
        _warn(sys.exc_info()[1])


def _log_file(path: Path) -> list[logging.Handler]:
    try:
        return [_LogFile(path)]
    except OSError as error:
        _warn(error)
        return []


def _warn(error: BaseException | None) -> None:
    reason = getattr(error, "strerror", None) or error
    print(f"warning: {LOG_FILE} cannot be written ({reason}); the training goes on without it.", file=sys.stderr)
