"""A cell that is merged over rows has one value for all of them."""

import io
from pathlib import Path

import openpyxl
import pytest

from specimen.data.readers.tables import Table, read_table

WANTED = ["image", "plant", "g"]


def read(*merged: str, rows: tuple[list[object], ...]) -> Table:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for block in merged:
        book.active.merge_cells(block)
    file = io.BytesIO()
    book.save(file)
    return read_table(Path("labels.xlsx"), WANTED, content=file.getvalue())


def test_each_row_has_the_value_of_the_block() -> None:
    rows = (WANTED, ["a", "p", 1], ["b", None, 2], ["c", None, 3], ["d", "q", 4], ["e", None, 5], ["f", None, 6])
    table = read("B2:B4", "B5:B6", rows=rows)
    assert table.cells["plant"].tolist() == ["p", "p", "p", "q", "q", None]
    said = "labels.xlsx: 'plant': 3 cells are merged with the one above and have its value, the first in row 3"
    assert table.notes == [said]


def test_a_title_that_is_merged_is_no_value() -> None:
    rows: tuple[list[object], ...] = (["Bonn"], WANTED, [None, None, None], ["a", "p", 1])
    assert read("A1:C1", "A2:A3", rows=rows).cells["image"].tolist() == [None, "a"]


def test_a_block_over_columns_counts_in_the_first() -> None:
    table = read("B2:C3", rows=(WANTED, ["a", "p"], ["b"]))
    assert table.cells["plant"].tolist() == ["p", "p"]
    assert table.cells["g"].tolist() == [None, None]


@pytest.mark.parametrize("block", ["B2:B9", "F2:F3"])
def test_a_block_beyond_the_table_adds_no_row(block: str) -> None:
    assert len(read(block, rows=(WANTED, ["a", "p", 1], ["b", None, 2])).cells) == 2
