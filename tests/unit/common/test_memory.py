"""What is left of the memory, in words."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from specimen.common import memory
from specimen.common.memory import available_memory, require_memory
from specimen.common.sizes import format_bytes

SRC = Path(__file__).parents[3] / "src"


def test_memory_that_is_there_is_not_mentioned() -> None:
    require_memory(1000, "a picture")


def test_of_memory_that_is_not_there_the_message_says_how_much_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_memory", lambda: 20_000_000)
    with pytest.raises(MemoryError) as error:
        require_memory(2**60, "a picture")
    message = "not enough memory for a picture: it takes about 1152921505 GB, 20 MB are available"
    assert str(error.value) == message


def test_the_available_memory_is_less_than_all_machines_have() -> None:
    left = available_memory()
    assert left is None or 0 < left < 2**60


FREED = """
import sys
from pathlib import Path
from specimen.common.memory import return_freed_memory
def used():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
if sys.argv[1] == "return":
    return_freed_memory()
large = b"x" * 30_000_000
del large  # from now on, glibc keeps blocks of this size
before = used()
blocks = [b"x" * 5_000_000 for _ in range(20)]
del blocks[:-1]  # the last one is above the others
print(used() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for glibc alone")
def test_freed_memory_is_returned_though_a_later_block_is_in_use() -> None:
    def grown(how: str) -> int:
        command = [sys.executable, "-c", FREED, how]
        return int(subprocess.run(command, cwd=SRC, capture_output=True, text=True, check=True).stdout)

    assert grown("return") < 20_000_000
    assert grown("keep") > 50_000_000, "else nothing need be told to glibc"


HOLES = """
import sys
from pathlib import Path
from specimen.common.memory import trim_freed_memory
def used():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
blocks = [b"x" * 100_000 for _ in range(200)]
del blocks[::2]
before = used()
if sys.argv[1] == "trim":
    trim_freed_memory()
print(before - used())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for glibc alone")
def test_holes_between_blocks_in_use_are_handed_back() -> None:
    def returned(how: str) -> int:
        command = [sys.executable, "-c", HOLES, how]
        return int(subprocess.run(command, cwd=SRC, capture_output=True, text=True, check=True).stdout)

    assert returned("trim") > 8_000_000
    assert returned("keep") < 1_000_000, "else nothing need be trimmed"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1500, "1.5 kB"),
        (25_400, "25 kB"),
        (999_400, "999 kB"),
        (999_600, "1 MB"),
        (2_400_000_000, "2.4 GB"),
    ],
)
def test_sizes_are_said_in_the_unit_that_suits_them(count: int, text: str) -> None:
    assert format_bytes(count) == text
