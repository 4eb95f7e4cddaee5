"""The sheets of a spreadsheet, each as rows of cells."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from python_calamine import CalamineWorkbook, SheetVisibleEnum

from specimen.common.errors import SpecimenError

Range = tuple[tuple[int, int], tuple[int, int]]
"""The first and the last cell of a merged block, each as row and column from 0."""


@dataclass(frozen=True)
class Rows:
    """The cells of one sheet, from its first row and column on."""

    cells: list[list[Any]]
    merged: list[Range] = field(default_factory=list)


class Sheets(Protocol):
    """What a file of tables offers."""

    names: Sequence[str | None]
    """Of its sheets; a single `None` if the file is one table."""

    def read(self, name: str | None) -> Rows:
        """Return one of them."""


class Single:
    """A file that is one table."""

    names: Sequence[str | None] = (None,)

    def __init__(self, cells: list[list[Any]]) -> None:
        self._rows = Rows(cells)

    def read(self, name: str | None) -> Rows:
        """Return it."""
        return self._rows


class Book:
    """The sheets of an .xlsx file. calamine reads 7 times faster than openpyxl."""

    def __init__(self, content: bytes) -> None:
        data = io.BytesIO(content)
        if not zipfile.is_zipfile(data):
            raise SpecimenError("is not an .xlsx file (encrypted, truncated, or another format under this name).")
        data.seek(0)
        self._book = CalamineWorkbook.from_filelike(data)
        # What people see is what they mean: hidden sheets come last.
        hidden = {sheet.name for sheet in self._book.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible}
        self.names: Sequence[str | None] = sorted(self._book.sheet_names, key=lambda name: name in hidden)
        self._read: dict[str | None, Rows] = {}

    def read(self, name: str | None) -> Rows:
        """Return the rows of one sheet, and its blocks of merged cells."""
        if name not in self._read:
            assert name is not None
            sheet = self._book.get_sheet_by_name(name)
            self._read[name] = Rows(list(sheet.to_python(skip_empty_area=False)), sheet.merged_cell_ranges or [])
        return self._read[name]
