"""Each kind of table contains what was written in pieces."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from specimen.common.errors import SpecimenError
from specimen.inference import writers
from specimen.inference.writers import WRITERS, check_writable, open_writer

READ: dict[str, Callable[..., Any]] = {
    ".csv": pd.read_csv,
    ".xlsx": partial(pd.read_excel, engine="calamine"),
    ".parquet": pd.read_parquet,
}


def part(image: list[str], prediction: list[float], error: list[str | None]) -> pd.DataFrame:
    columns = {"image": image, "prediction": prediction, "error": error}
    return pd.DataFrame(columns).astype({"image": "str", "prediction": "float64", "error": "str"})


PARTS = [
    part(["=1+1.png", "ü,\n.png"], [float("nan")] * 2, ["no image", "no image"]),
    part(["c.png"], [0.5], [None]),
]


@pytest.mark.parametrize("suffix", WRITERS)
def test_parts_become_one_table(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    with open_writer(path, suffix.upper()) as write:
        for table in PARTS:
            write(table)
    found = READ[suffix](path).astype({"image": "str", "error": "str"})
    pd.testing.assert_frame_equal(found, pd.concat(PARTS, ignore_index=True))


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_failure_in_between_is_not_hidden(tmp_path: Path, suffix: str) -> None:
    def fail() -> None:
        with open_writer(tmp_path / "out", suffix) as write:
            write(PARTS[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()


def test_a_sheet_holds_no_formulas_and_no_control_characters(tmp_path: Path) -> None:
    from openpyxl import load_workbook

    with open_writer(tmp_path / "out.xlsx", ".xlsx") as write:
        write(part(["=1+1", "a\x07b"], [1.0, 2.0], [None, None]))
    book = load_workbook(tmp_path / "out.xlsx")
    rows = list(book["predictions"].rows)
    assert [rows[1][0].value, rows[1][0].data_type] == ["=1+1", "s"]
    assert rows[2][0].value == "a\ufffdb"
    book.close()


@pytest.mark.parametrize(
    ("name", "message"),
    [("out.xls", "unknown kind of table. Did you mean '.xlsx'?"), ("out", "unknown kind"), ("dir.csv", "is a folder")],
)
def test_an_output_that_cannot_be_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "dir.csv").mkdir()
    with pytest.raises(SpecimenError, match=message):
        check_writable(tmp_path / name, 1)


def test_a_sheet_that_would_be_too_long_is_refused_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "out.xlsx", writers.XLSX_ROWS - 1)
    check_writable(tmp_path / "out.csv", writers.XLSX_ROWS)
    with pytest.raises(SpecimenError, match=r"a sheet cannot hold 1,048,576 rows. Write a .csv or .parquet"):
        check_writable(tmp_path / "out.xlsx", writers.XLSX_ROWS)


@pytest.mark.parametrize("suffix", WRITERS)
def test_only_a_table_of_predictions_is_replaced(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"out{suffix}"
    check_writable(path, 1)
    path.touch()
    check_writable(path, 1)
    with open_writer(path, suffix) as write:
        write(PARTS[0])
    check_writable(path, 1)
    for table in (pd.DataFrame({"image": ["a.png"], "weight": [2.5]}), pd.DataFrame({"prediction": [1]})):
        with open_writer(path, suffix) as write:
            write(table)
        link = tmp_path / f"link{suffix}"
        link.unlink(missing_ok=True)
        link.symlink_to(path)
        for name in (path, link):
            with pytest.raises(SpecimenError, match=rf"^{name}: this file is not a table of predictions, so it is not"):
                check_writable(name, 1)
    path.write_bytes(b"\xff\xfe no table")
    with pytest.raises(SpecimenError, match="not a table of predictions"):
        check_writable(path, 1)
