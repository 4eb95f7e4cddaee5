"""The sheet of suspicious labels: corrected and saved back, it is read like the raw sheet."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import openpyxl
import pandas as pd
import pytest

from specimen.advice.suspect_rows import advice_columns, sheet_rows, suspect_rows
from specimen.advice.suspect_sheet import write_suspect_sheet
from specimen.advice.suspects import rank_claims
from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.config.prepare import Rules
from specimen.data.preparation.raw_dataset import RawDataset, read_raw_dataset
from specimen.models.task import Regression

TASK = Regression(0.0, 1.0, "none", "mse")
SHEET = pd.DataFrame(
    {
        "photo": ["a 1.jpg", "a 2.jpg", "b 1.jpg", "c 1.jpg"],
        "plant": ["03", "", "05", "2-3"],
        "weight": [0.25, 0.25, 9.5, 1.0],
        "when": pd.to_datetime(["2025-03-01", "2025-03-01", "2025-03-02", "2025-03-02"]),
        "remark": ["", "fallen", "ok", ""],
    }
)
DATA: dict[str, Any] = {
    "root": "raw", "task": "regression", "table": "labels.xlsx", "image_column": "photo", "target": "weight",
    "group": ["plant"], "fill_down": ["plant"],
}  # fmt: skip


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RawDataset:
    monkeypatch.chdir(tmp_path)
    Path("raw").mkdir()
    for name in SHEET["photo"]:
        Path("raw", name).touch()
    SHEET.to_excel("raw/labels.xlsx", index=False)
    return read_raw_dataset(Data(**DATA), Rules())


def predictions(raw: RawDataset) -> pd.DataFrame:
    table = raw.usable[["image", "group", "target"]].assign(row=raw.usable.index, prediction=1.0, fold=0)
    return table.assign(low=0.5, high=1.5).reset_index(drop=True)


def write(raw: RawDataset, path: Path) -> pd.DataFrame:
    said = predictions(raw)
    rows = suspect_rows(said, rank_claims(TASK, said).head(2))
    cells = sheet_rows(raw, Data(**DATA), rows)
    write_suspect_sheet(path, advice_columns(rows), cells, "weight", [np.zeros((4, 4, 3), np.uint8)] * len(rows))
    return rows


def test_corrected_and_saved_back_it_is_read_with_the_same_params(raw: RawDataset) -> None:
    write(raw, Path("raw/suspects.xlsx"))
    book = openpyxl.load_workbook("raw/suspects.xlsx")
    page = book["suspects"]
    label = [cell.value for cell in page[1]].index("weight") + 1
    assert page.cell(2, label).value == 9.5
    page.cell(2, label).value = 0.95
    book.save("raw/suspects.xlsx")
    again = read_raw_dataset(Data(**DATA | {"table": "suspects.xlsx"}), Rules())
    assert again.usable[["image", "group", "target"]].to_numpy().tolist() == [
        ["b 1.jpg", "05", 0.95],
        ["a 1.jpg", "03", 0.25],
        ["a 2.jpg", "03", 0.25],
    ]


def test_it_has_all_columns_of_the_raw_sheet_as_they_are_written(raw: RawDataset) -> None:
    write(raw, Path("suspects.xlsx"))
    table = pd.read_excel("suspects.xlsx", engine="calamine", keep_default_na=False)
    assert list(table.columns) == [
        "advice: photo", "advice: rank", "advice: model says", "advice: from", "advice: to", "advice: outside",
        "advice: score",
        *SHEET.columns,
    ]  # fmt: skip
    assert table["advice: rank"].to_list() == [1, 2, 2]
    assert table["when"].to_list() == SHEET["when"].iloc[[2, 0, 1]].to_list()
    assert table["remark"].to_list() == ["ok", "", "fallen"]


def test_each_row_has_its_photo(raw: RawDataset) -> None:
    write(raw, Path("suspects.xlsx"))
    page = openpyxl.load_workbook("suspects.xlsx")["suspects"]
    assert [image.anchor._from.row + 1 for image in page._images] == [2, 3, 4]


def test_the_same_content_has_the_same_bytes(raw: RawDataset) -> None:
    write(raw, Path("one.xlsx"))
    write(raw, Path("other.xlsx"))
    assert Path("one.xlsx").read_bytes() == Path("other.xlsx").read_bytes()


def test_a_sheet_that_has_a_heading_of_the_advice_keeps_its_own(raw: RawDataset) -> None:
    advice, sheet = pd.DataFrame({"advice: rank": [1]}), pd.DataFrame({"advice: rank": ["mine"], "weight": [2.0]})
    write_suspect_sheet(Path("suspects.xlsx"), advice, sheet, "weight", None)
    assert pd.read_excel("suspects.xlsx", engine="calamine").to_dict("list") == {
        "advice: rank": ["mine"],
        "weight": [2],
    }


def test_text_that_begins_like_a_formula_stays_text(raw: RawDataset) -> None:
    sheet = pd.DataFrame({"remark": ["=1+1"], "weight": [2.0]})
    write_suspect_sheet(Path("suspects.xlsx"), pd.DataFrame({"advice: rank": [1]}), sheet, "weight", None)
    assert pd.read_excel("suspects.xlsx", engine="calamine")["remark"].to_list() == ["=1+1"]


def test_a_table_that_has_changed_since_is_refused(raw: RawDataset) -> None:
    said = predictions(raw).assign(image=["b 1.jpg", "a 2.jpg", "a 1.jpg", "c 1.jpg"])
    rows = suspect_rows(said, rank_claims(TASK, said).head(2))
    with pytest.raises(SpecimenError, match="raw: the table has changed since its photos were prepared"):
        sheet_rows(raw, Data(**DATA), rows)


def test_no_cell_is_filled_from_the_sheet_of_another_batch() -> None:
    rows = ["one:2", "one:3", "two:2", "two:3"]
    sheet = pd.DataFrame(
        {"plant": ["p", None, None, "q"], "soil": ["clay", None, None, None]}, index=rows, dtype=object
    )
    labels = pd.DataFrame({"image": ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]}, index=rows)
    raw = cast(RawDataset, SimpleNamespace(sheet=sheet, labels=labels))
    data = Data(**{**DATA, "features": ["soil"], "fill_down": ["plant", "soil"]})
    cells = sheet_rows(raw, data, labels.assign(row=rows))
    assert cells["plant"].to_list() == ["p", "p", None, "q"]
    assert cells["soil"].to_list() == ["clay", "clay", None, None]
