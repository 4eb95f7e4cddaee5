"""Files are whole or not there, whatever stops the run, and the same bytes for the same content."""

import errno
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.common.files import replace_atomically, significant, write_csv, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with replace_atomically(tmp_path / "a.txt") as aside:
        aside.write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert (tmp_path / "a.txt").read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "stale").touch()
    with replace_atomically(tmp_path / "store") as aside:
        aside.mkdir()
        (aside / "new").touch()
    assert names(tmp_path / "store") == ["new"]
    assert names(tmp_path) == ["store"]


def test_the_folder_above_is_made(tmp_path: Path) -> None:
    with replace_atomically(tmp_path / "a" / "b" / "c.txt") as aside:
        aside.write_text("new")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failed_run_changes_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fail() -> None:
        with replace_atomically(tmp_path / "store") as aside:
            aside.mkdir()
            raise error

    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "old").touch()
    with pytest.raises(error):
        fail()
    assert names(tmp_path) == ["store"]
    assert names(tmp_path / "store") == ["old"]


def test_a_run_that_wrote_nothing_does_not_cost_the_old_folder(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    with pytest.raises(FileNotFoundError), replace_atomically(tmp_path / "store"):
        pass
    assert names(tmp_path) == ["store"]


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".store.new").mkdir()
    (tmp_path / ".store.new" / "half").touch()
    (tmp_path / ".store.old").mkdir()
    (tmp_path / "store").mkdir()
    with replace_atomically(tmp_path / "store") as aside:
        aside.mkdir()
    assert names(tmp_path) == ["store"]
    assert names(tmp_path / "store") == []


def test_a_folder_set_aside_by_a_killed_run_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".store.old").mkdir()
    (tmp_path / ".store.old" / "good").touch()
    with pytest.raises(KeyboardInterrupt), replace_atomically(tmp_path / "store"):
        raise KeyboardInterrupt
    assert names(tmp_path) == ["store"]
    assert names(tmp_path / "store") == ["good"]


def test_a_full_disk_changes_nothing_and_says_what_to_do(tmp_path: Path) -> None:
    def write() -> None:
        with replace_atomically(tmp_path / "a.txt") as aside:
            aside.symlink_to("/dev/full")
            aside.write_text("new")

    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(SpecimenError, match=r"a\.txt: the disk is full, nothing was changed\. Free some space"):
        write()
    assert names(tmp_path) == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_other_faults_of_the_system_stay_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), replace_atomically(tmp_path / "a.txt"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_json_has_6_significant_digits(tmp_path: Path) -> None:
    write_json(tmp_path / "m.json", {"mae": 0.123456789, "n": 1234567, "all": [1e-9 / 3, np.float64(2) / 3], "ü": None})
    content = json.loads((tmp_path / "m.json").read_text(encoding="utf-8"))
    assert content == {"mae": 0.123457, "n": 1234567, "all": [3.33333e-10, 0.666667], "ü": None}


def test_noise_in_the_last_bits_is_no_change(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 0.1 + 0.2})
    write_json(tmp_path / "b.json", {"x": 0.3})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_csv_keeps_text_as_it_is(tmp_path: Path) -> None:
    table = pd.DataFrame({"name": ["NA", 'a "b", c', "two\nlines", " x "]})
    write_csv(tmp_path / "t.csv", table)
    read = pd.read_csv(tmp_path / "t.csv", keep_default_na=False)
    assert read["name"].tolist() == table["name"].tolist()


def test_significant_digits_keep_the_shape() -> None:
    rounded = significant(np.array([[1.23456789, 1e-12 / 3]], dtype=np.float32))
    assert rounded.tolist() == [[1.23457, 3.33333e-13]]
