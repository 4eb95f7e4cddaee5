"""A process that decodes large images, one after the other.

Pillow holds Python's lock while it decodes some formats, for a second or more, and what it decodes may take too long or
too much memory. Here that stops nothing else: the system ends this process first, and the server starts another.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from specimen.common.memory import return_freed_memory
from specimen.config.base import Resize
from specimen.data.readers.decode import (
    DecodeError,
    NotAnImageError,
    Picture,
    TooManyPixelsError,
    TooManyScansError,
    decode,
    ignore_pillow_warnings,
)

CPU_SECONDS = 10
"""For one image; those of 50 megapixels take 3 at most, unless somebody made them to take long."""
NICENESS = 5
"""Small images come first where cores are scarce."""

ERRORS = {kind.__name__: kind for kind in (NotAnImageError, TooManyPixelsError, TooManyScansError, MemoryError)}


class TooMuchTimeError(DecodeError):
    """The image takes too long to decode."""


class DecodeProcess:
    """Decodes in a process of its own, which is started when it is needed; for use in one thread."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def decode(
        self, content: bytes, size: int, resize: Resize, white_level: float | None, max_pixels: int
    ) -> tuple[Picture, tuple[int, int]]:
        """Return what `readers.decode.decode` does, and raise what it raises, or `TooMuchTimeError`."""
        process = self._process = self._process or _start()
        assert process.stdin
        assert process.stdout
        options = {"size": size, "resize": resize, "white_level": white_level, "max_pixels": max_pixels}
        try:
            _send(process.stdin, options, content)
            answer, pixels = _receive(process.stdout)
        except (OSError, EOFError):
            self._process = None
            raise _fault(_end(process)) from None
        if "error" in answer:
            raise ERRORS.get(answer["error"], DecodeError)(answer["message"])
        width, height = answer["sides"]
        return np.frombuffer(pixels, np.uint8).reshape(size, size, 3), (width, height)

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process:
            _end(self._process)


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "specimen.serving.decode_process"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(folder or str(Path.cwd()) for folder in sys.path)}
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)


def _end(process: subprocess.Popen[bytes]) -> int:
    """End a process that may have ended already; return its status."""
    process.kill()
    status = process.wait()
    for pipe in (process.stdin, process.stdout):
        with suppress(OSError):  # what was to be written is lost
            if pipe:
                pipe.close()
    return status


def _fault(status: int) -> Exception:
    """Return why the process ended."""
    if status == -getattr(signal, "SIGXCPU", 0):
        return TooMuchTimeError(f"it takes more than {CPU_SECONDS} s to decode")
    if status == -getattr(signal, "SIGKILL", 0):
        return MemoryError("ended by the system")
    if status < 0:
        return DecodeError("it crashes the decoder")
    return RuntimeError(f"{__name__} ended with status {status}")


def _send(stream: Any, head: dict[str, Any], body: bytes) -> None:
    stream.write(json.dumps(head | {"bytes": len(body)}).encode() + b"\n")
    stream.write(body)
    stream.flush()


def _receive(stream: Any) -> tuple[dict[str, Any], bytes]:
    """Return a head and a body. Raises `EOFError` at the end of the stream."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    head: dict[str, Any] = json.loads(line)
    length = head.pop("bytes")
    body = stream.read(length)
    if len(body) < length:
        raise EOFError
    return head, body


def main() -> None:
    """Decode what comes in, until nothing more comes."""
    for number in (signal.SIGINT, signal.SIGTERM):  # they are for the server, which first answers what it has accepted
        signal.signal(number, signal.SIG_IGN)
    _come_last()
    ignore_pillow_warnings()
    return_freed_memory()
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    with suppress(EOFError):
        while True:
            _answer(requests, answers)


def _answer(requests: BinaryIO, answers: BinaryIO) -> None:
    options, content = _receive(requests)
    _limit_time()
    try:
        picture, sides = decode(content, **options)
    except (DecodeError, MemoryError) as error:
        _send(answers, {"error": type(error).__name__, "message": str(error)}, b"")
    else:
        _send(answers, {"sides": sides}, picture.tobytes())


def _come_last() -> None:
    """Leave the cores to the server, and be what the system ends where memory runs out."""
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _limit_time() -> None:
    """Let the system end this process if the next image takes too long; Windows cannot."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - not on Windows

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time()) + CPU_SECONDS, hard))


if __name__ == "__main__":
    main()
