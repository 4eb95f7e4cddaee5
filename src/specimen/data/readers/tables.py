"""Read a sheet as people export it (.xlsx, .csv in English or German, .parquet) into one table of cells."""

from __future__ import annotations

import csv
import io
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from python_calamine import CalamineWorkbook

from specimen.common.cells import cell_text
from specimen.common.errors import SpecimenError, accepted_hint

SUFFIXES = (".xlsx", ".csv", ".parquet")
HEADER_ROW = 1
"""Row of the header as spreadsheets count; the first sample is in the next."""


def read_table(
    path: Path, sheet: str | None = None, content: bytes | None = None, sheet_key: str = "data.sheet"
) -> pd.DataFrame:
    """Read a table; the index is the row number that a spreadsheet shows, missing cells are `None`.

    `content` is the bytes of the file if it is inside a zip; `sheet_key` is the parameter or option that names the
    sheet, for messages. Raises `SpecimenError` for anything unreadable.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise SpecimenError(f"{path}: unknown kind of table. {accepted_hint(path.suffix, SUFFIXES)}")
    try:
        data = io.BytesIO(path.read_bytes() if content is None else content)
        if path.suffix.lower() == ".parquet":
            # As objects, because Arrow finds damaged text only on taking it out.
            table = _with_index(pd.read_parquet(data)).astype(object)
        elif path.suffix.lower() == ".xlsx":
            table = _with_header(_read_excel(data, sheet, sheet_key))
        else:
            table = _with_header(_read_csv(data))
    except SpecimenError as error:
        raise SpecimenError(f"{path}: {error}") from error
    except FileNotFoundError:
        raise SpecimenError(f"{path}: no such table.") from None
    # The parsers raise whatever their format stumbles over: zip, XML, Arrow and CSV errors.
    except Exception as error:
        raise SpecimenError(f"{path}: cannot be read as {path.suffix}: {error}") from error
    table.columns = [cell_text(name) or f"column {number}" for number, name in enumerate(table.columns, start=1)]
    table.index = pd.RangeIndex(HEADER_ROW + 1, HEADER_ROW + 1 + len(table), name="row")
    return table


def column(table: pd.DataFrame, name: str, key: str, path: Path) -> pd.Series[Any]:
    """Return one column; `key` is the parameter that names it. Raises `SpecimenError` if there is none, or two."""
    composed = unicodedata.normalize("NFC", name)  # macOS may write one letter as two signs: u and its dots
    matches = [
        position for position, heading in enumerate(table.columns) if unicodedata.normalize("NFC", heading) == composed
    ]
    if not matches:
        raise SpecimenError(f"{key}: {path} has no column '{name}'. {accepted_hint(name, table.columns, 'columns')}")
    if len(matches) > 1:
        raise SpecimenError(f"{key}: {path} has {len(matches)} columns '{name}'; rename all but one.")
    return table.iloc[:, matches[0]]


def _read_excel(data: io.BytesIO, sheet: str | None, sheet_key: str) -> list[list[Any]]:
    """Read the rows of one sheet from its first cell on. calamine reads 7 times faster than openpyxl."""
    if not zipfile.is_zipfile(data):
        raise SpecimenError("is not an .xlsx file (encrypted, truncated, or another format under this name).")
    data.seek(0)
    book = CalamineWorkbook.from_filelike(data)
    if sheet is not None and sheet not in book.sheet_names:
        raise SpecimenError(f"{sheet_key}: no sheet '{sheet}'. {accepted_hint(sheet, book.sheet_names, 'sheets')}")
    return list(book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python(skip_empty_area=False))


def _read_csv(data: io.BytesIO) -> list[list[Any]]:
    """Read the rows of a CSV as text: UTF-8 or Excel's Western European, with `,`, `;` or tab."""
    content = data.getvalue()
    if b"\0" in content:
        raise SpecimenError("contains NUL bytes, so it is not text in UTF-8. Export it again, as CSV UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")

    def rows(delimiter: str, strict: bool) -> Any:
        return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)

    delimiter = max(",;\t", key=lambda mark: len(next(rows(mark, strict=False), [])))
    read: list[list[Any]] = []
    try:
        # Strict: a quote that is never closed would otherwise swallow the rest of the sheet as one cell.
        read.extend(rows(delimiter, strict=True))
    except csv.Error as error:
        raise SpecimenError(f"row {HEADER_ROW + len(read)} is not CSV: {error}. Is a quote missing there?") from error
    return read


def _with_header(rows: list[list[Any]]) -> pd.DataFrame:
    """Take the first row as header; drop the empty cells and rows that spreadsheets keep at the end."""
    if not rows:
        raise SpecimenError("is empty.")
    header = _fit_row(rows[0], len(rows[0]), HEADER_ROW)
    cells = [_fit_row(row, len(header), number) for number, row in enumerate(rows[1:], start=HEADER_ROW + 1)]
    while cells and not _is_filled(cells[-1]):
        cells.pop()
    if not cells and not _is_filled(header):
        raise SpecimenError("is empty.")
    return pd.DataFrame(cells, columns=pd.Index(header, dtype=object), dtype=object)


def _fit_row(row: list[Any], width: int, number: int) -> list[Any]:
    """Return `width` cells of a row, `None` where one is empty. Raises `SpecimenError` for filled cells beyond."""
    beyond = [position for position, cell in enumerate(row[width:], start=width + 1) if cell_text(cell)]
    if beyond:
        raise SpecimenError(f"row {number} has {beyond[-1]} cells, the header {width}.")
    cells = [None if cell == "" else cell for cell in row[:width]]
    return cells + [None] * (width - len(cells))


def _is_filled(row: list[Any]) -> bool:
    return any(cell_text(cell) for cell in row)


def _with_index(table: pd.DataFrame) -> pd.DataFrame:
    """Make columns of a named index, which pandas keeps apart from the columns of a .parquet."""
    named = [level for level, name in enumerate(table.index.names) if name is not None]
    return table.reset_index(level=named, allow_duplicates=True) if named else table
