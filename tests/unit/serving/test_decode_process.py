"""Large images are decoded elsewhere, to the same pictures; what happens there does not happen to the server."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import builders
import numpy as np
import pytest
from PIL import Image

from specimen.data.readers.decode import DecodeError, NotAnImageError, TooManyPixelsError, TooManyScansError, decode
from specimen.serving.decode_process import CPU_SECONDS, DecodeProcess, TooMuchTimeError


@pytest.fixture(scope="module")
def process() -> Iterator[DecodeProcess]:
    process = DecodeProcess()
    yield process
    process.close()


def pid(process: DecodeProcess) -> int:
    assert process._process
    return process._process.pid


def photo() -> bytes:
    file = io.BytesIO()
    Image.linear_gradient("L").resize((90, 60)).save(file, "PNG")
    return file.getvalue()


def test_the_picture_is_that_of_every_other_place(process: DecodeProcess) -> None:
    picture, sides = process.decode(photo(), 32, "crop", None, 10_000)
    expected, expected_sides = decode(photo(), 32, "crop")
    assert np.array_equal(picture, expected)
    assert sides == expected_sides == (90, 60)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"words", NotAnImageError), (photo()[:100], DecodeError), (builders.jpeg_of_scans(101), TooManyScansError)],
)
def test_errors_are_those_of_every_other_place(process: DecodeProcess, content: bytes, kind: type[DecodeError]) -> None:
    with pytest.raises(kind) as here:
        decode(content, 32, "pad")
    with pytest.raises(kind) as there:
        process.decode(content, 32, "pad", None, 10_000)
    assert str(there.value) == str(here.value)


def test_the_limit_of_pixels_goes_along(process: DecodeProcess) -> None:
    with pytest.raises(TooManyPixelsError):
        process.decode(photo(), 32, "pad", None, 5_000)


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
def test_it_is_what_the_system_ends_first(process: DecodeProcess) -> None:
    process.decode(photo(), 32, "pad", None, 10_000)
    folder = Path("/proc") / str(pid(process))
    assert (folder / "oom_score_adj").read_text() == "1000\n"
    assert os.getpriority(os.PRIO_PROCESS, pid(process)) > os.getpriority(os.PRIO_PROCESS, 0) or os.nice(0) >= 15
    limit = next(line for line in (folder / "limits").read_text().splitlines() if line.startswith("Max cpu time"))
    assert int(limit.split()[3]) <= CPU_SECONDS + 5


@pytest.mark.skipif(sys.platform == "win32", reason="no such signals")
@pytest.mark.parametrize(
    ("number", "kind"),
    [(signal.SIGKILL, MemoryError), (signal.SIGXCPU, TooMuchTimeError), (signal.SIGSEGV, DecodeError)],
)
def test_when_it_is_ended_its_image_fails_and_the_next_does_not(
    process: DecodeProcess, number: signal.Signals, kind: type[Exception]
) -> None:
    process.decode(photo(), 32, "pad", None, 10_000)
    os.kill(pid(process), number)
    with pytest.raises(kind):
        process.decode(photo(), 32, "pad", None, 10_000)
    assert process.decode(photo(), 32, "pad", None, 10_000)[1] == (90, 60)
