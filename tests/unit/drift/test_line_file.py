"""Lines are appended whole or not at all, and the file does not grow without end."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from specimen.drift.line_file import append_lines

MOST = 1000


def test_what_would_be_too_large_starts_a_new_file_and_keeps_one_older(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    for number in range(25):
        append_lines(path, f"{number:099}\n".encode(), MOST)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["lines", "lines.1"]
    kept = (tmp_path / "lines.1").read_text() + path.read_text()
    assert [int(line) for line in kept.splitlines()] == list(range(10, 25))


def test_after_half_a_line_comes_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"whole\nhal")
    append_lines(path, b"next\n", MOST)
    assert path.read_bytes() == b"whole\nhal\nnext\n"


def test_a_full_disk_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lines"
    append_lines(path, b"first\n", MOST)
    write = os.write

    def until_full(descriptor: int, content: bytes) -> int:
        if len(content) < 8:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, content[:4])

    monkeypatch.setattr(os, "write", until_full)
    with pytest.raises(OSError, match="No space"):
        append_lines(path, b"second line\n", MOST)
    monkeypatch.undo()
    append_lines(path, b"third\n", MOST)
    assert path.read_bytes() == b"first\nthird\n"


def test_several_writers_lose_and_mix_nothing_while_the_file_is_renamed(tmp_path: Path) -> None:
    path = tmp_path / "lines"

    def write(writer: int) -> None:
        for number in range(40):
            append_lines(path, f"{writer} {number} {'x' * 40}\n".encode(), 5000)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    lines = [line for file in (tmp_path / "lines.1", path) for line in file.read_text().splitlines()]
    assert len(lines) > 100
    assert {len(line.split()) for line in lines} == {3}
    assert all(line.endswith("x" * 40) for line in lines)
    assert len(set(lines)) == len(lines)
