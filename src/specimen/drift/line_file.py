"""Append lines to a file that others read while it grows: whole lines or none, and never more than so much."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def append_lines(path: Path, lines: bytes, most_bytes: int) -> None:
    """Append whole lines; where the file would exceed `most_bytes`, it is first renamed to `NAME.1`.

    So there are at most twice `most_bytes`, and the oldest lines are given up. Several processes may append to one
    file. Raises `OSError`, of a full disk for one, and then leaves the file as it was.
    """
    with _locked(path) as descriptor:
        size = os.fstat(descriptor).st_size
        if not size or size + len(lines) <= most_bytes:
            _write(descriptor, lines, size)
            return
        path.replace(rotated(path))
    append_lines(path, lines, most_bytes)


def rotated(path: Path) -> Path:
    """Return where the older lines of a file are."""
    return path.with_name(f"{path.name}.1")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Open a file for appending, alone."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            _lock(descriptor)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), path.stat()):
                    yield descriptor
                    return
        finally:
            os.close(descriptor)
        # Another process has renamed it in the meantime.


def _lock(descriptor: int) -> None:
    with suppress(ImportError):  # not on Windows, where the file cannot be kept
        import fcntl  # noqa: PLC0415

        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _write(descriptor: int, lines: bytes, size: int) -> None:
    if size and os.pread(descriptor, 1, size - 1) != b"\n":  # a machine that lost its power left half a line
        lines = b"\n" + lines
    written = 0
    try:
        while written < len(lines):
            written += os.write(descriptor, lines[written:])
    except OSError:
        os.ftruncate(descriptor, size)
        raise
