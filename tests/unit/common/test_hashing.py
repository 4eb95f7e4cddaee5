"""The MD5 of a file is the one that DVC writes into its lock file."""

import hashlib
from pathlib import Path

import pytest

from specimen.common.hashing import file_md5


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
def test_the_md5_of_a_file_of_any_size(tmp_path: Path, size: int) -> None:
    (tmp_path / "model.pt").write_bytes(b"x" * size)
    assert file_md5(tmp_path / "model.pt") == hashlib.md5(b"x" * size, usedforsecurity=False).hexdigest()
