"""The suspicious labels as an Excel file that people correct and save back.

It has the columns of the raw sheet, by their names and with their cells, so that `prepare` reads it like the raw sheet
and rows can be copied from one to the other. The columns of the advice come first; no param names them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image

from specimen.common.files import replace_atomically
from specimen.common.spreadsheets import write_without_times

PHOTO = "advice: photo"
"""Heading of the column that a picture lies over; its cells are empty."""
THUMBNAIL = 96
"""Side of a thumbnail in pixels."""
TO_CORRECT = PatternFill("solid", fgColor="FFF2CC")
POINTS_PER_PIXEL = 0.75
PIXELS_PER_CHARACTER = 7

Pictures = Sequence[npt.NDArray[np.uint8]]


def write_suspect_sheet(
    path: Path, advice: pd.DataFrame, sheet: pd.DataFrame, label: str, pictures: Pictures | None
) -> None:
    """Write one row a photo: the columns of `advice`, then all of `sheet`, whose column `label` is to be corrected.

    `advice` and `sheet` have the same rows in the same order; `pictures` are theirs, size x size x 3, or None. A
    heading of the sheet that the advice has too is left to the sheet.
    """
    book = Workbook()
    page = book.active
    assert isinstance(page, Worksheet)
    page.title = "suspects"
    headings = [PHOTO] if pictures is not None else []
    own = [name for name in (*headings, *map(str, advice.columns)) if name not in set(sheet.columns)]
    page.append([*own, *map(str, sheet.columns)])
    known = advice.assign(**{PHOTO: None})
    for number, (said, cells) in enumerate(zip(_rows(known[own]), _rows(sheet), strict=True), start=2):
        for column, value in enumerate((*said, *cells), start=1):
            _write(page.cell(number, column), value)
    _dress(page, len(own), [*own, *map(str, sheet.columns)].index(label) + 1)
    if pictures is not None and PHOTO in own:
        _show(page, pictures)
    content = BytesIO()
    book.save(content)
    with replace_atomically(path) as aside:
        write_without_times(content.getvalue(), aside)


def _rows(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    return table.astype(object).itertuples(index=False, name=None)


def _write(cell: Cell | Any, value: Any) -> None:
    """Write a value; text stays text, even if it begins with = and would become a formula."""
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("�", value)
        cell.data_type = "s"
    elif isinstance(value, datetime.datetime) and value.tzinfo is not None:
        _write(cell, value.isoformat())
    elif value is not None and not (isinstance(value, float) and np.isnan(value)):
        cell.value = value.item() if isinstance(value, np.generic) else value


def _dress(page: Worksheet, own: int, label: int) -> None:
    """Make headings bold, the labels to be corrected yellow, and keep the headings and the advice in sight."""
    for cell in page[1]:
        cell.font = Font(bold=True)
    for (cell,) in page.iter_rows(min_row=1, min_col=label, max_col=label):
        cell.fill = TO_CORRECT
    page.freeze_panes = page.cell(2, own + 1)
    for column, cell in enumerate(page[1], start=1):
        page.column_dimensions[get_column_letter(column)].width = min(max(len(str(cell.value)) + 2, 10), 30)


def _show(page: Worksheet, pictures: Pictures) -> None:
    page.column_dimensions["A"].width = (THUMBNAIL + 8) / PIXELS_PER_CHARACTER
    for number, picture in enumerate(pictures, start=2):
        file = BytesIO()
        small = Image.fromarray(np.asarray(picture)).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.LANCZOS)
        small.save(file, "JPEG", quality=85)
        page.add_image(SheetImage(file), f"A{number}")
        page.row_dimensions[number].height = (THUMBNAIL + 4) * POINTS_PER_PIXEL
