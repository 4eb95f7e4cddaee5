"""Read a sheet as people export it (.xlsx, .csv in English or German, .parquet) into one table of cells.

Where only one row of one sheet has the columns that are wanted, it is the header, wherever it is, and a note says so.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from specimen.common.cells import cell_text
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.data.readers.csv_text import DELIMITERS, read_rows
from specimen.data.readers.header_choice import Place, choose_header, describe, find_elsewhere
from specimen.data.readers.headers import is_filled, match
from specimen.data.readers.merged_cells import fill_merged
from specimen.data.readers.sheets import Book, Sheets, Single

SUFFIXES = (".xlsx", ".csv", ".tsv", ".parquet")
SPREADSHEETS = (".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".gsheet")
"""Other formats, whose programs can save as .xlsx."""


@dataclass(frozen=True)
class Table:
    """A table of cells, and what was found on reading it."""

    path: Path
    cells: pd.DataFrame
    """The index is the row number that a spreadsheet shows; missing cells are `None`."""
    notes: list[str]
    """What was read in a way that may surprise."""
    where: str = ""
    """The row and the sheet of the header, for messages; empty where they go without saying."""
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Wanted columns that this table does not have: where they are, and what to set."""

    def column(self, name: str, key: str) -> pd.Series[Any]:
        """Return one column; `key` is the parameter that names it. Raises `SpecimenError` if there is none, or two."""
        composed = unicodedata.normalize("NFC", name)  # macOS may write one letter as two signs: u and its dots
        matches = [
            position
            for position, heading in enumerate(self.cells.columns)
            if unicodedata.normalize("NFC", heading) == composed
        ]
        if not matches:
            hint = self.elsewhere.get(name) or accepted_hint(name, self.cells.columns, "columns")
            raise SpecimenError(f"{key}: {self.path}{self.where} has no column '{name}'. {hint}")
        if len(matches) > 1:
            raise SpecimenError(f"{key}: {self.path} has {len(matches)} columns '{name}'; rename all but one.")
        return self.cells.iloc[:, matches[0]]


def read_table(
    path: Path, wanted: Sequence[str] = (), place: Place | None = None, content: bytes | None = None
) -> Table:
    """Read the table that has the `wanted` columns; `content` is the bytes of the file if it is inside a zip.

    Columns that are missing are no error here, but in `Table.column`. Raises `SpecimenError` for anything unreadable.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        way_out = "Save it as .xlsx. " if suffix in SPREADSHEETS else ""
        raise SpecimenError(f"{path}: unknown kind of table. {way_out}{accepted_hint(path.suffix, SUFFIXES)}")
    notes: list[str] = []
    wanted = list(dict.fromkeys(wanted))
    place = place or Place()
    try:
        content = path.read_bytes() if content is None else content
        if suffix == ".parquet":
            if place.sheet is not None or place.header_row is not None:
                raise SpecimenError(
                    f"{place.sheet_key}, {place.header_key}: a .parquet has one table and no header row."
                )
            # As objects, because Arrow finds damaged text only on taking it out.
            cells = _with_index(pd.read_parquet(io.BytesIO(content))).astype(object)
            table = Table(path, _name_columns(cells, 1, wanted, notes), notes)
        else:
            table = _read_sheet(path, _open(content, suffix, wanted, notes), wanted, place, notes)
    except SpecimenError as error:
        raise SpecimenError(f"{path}: {error}") from error
    except FileNotFoundError:
        raise SpecimenError(f"{path}: no such table.") from None
    # The parsers raise whatever their format stumbles over: zip, XML, Arrow and CSV errors.
    except Exception as error:
        raise SpecimenError(f"{path}: cannot be read as {path.suffix}: {error}") from error
    table.notes[:] = [f"{path}: {note}" for note in notes]
    return table


def _open(content: bytes, suffix: str, wanted: Sequence[str], notes: list[str]) -> Sheets:
    if suffix == ".xlsx":
        return Book(content)
    return Single(read_rows(content, wanted, notes, "\t" if suffix == ".tsv" else DELIMITERS))


def _read_sheet(path: Path, sheets: Sheets, wanted: Sequence[str], place: Place, notes: list[str]) -> Table:
    header = choose_header(sheets, wanted, place, notes)
    rows = sheets.read(header.sheet)
    named = rows.cells[header.row - 1 :]
    cells = _below_header(named, header.row) if named else pd.DataFrame()
    if cells.empty and not len(cells.columns):
        raise SpecimenError("is empty.")
    cells = _name_columns(cells, header.row, wanted, notes)
    notes += fill_merged(cells, rows.merged, wanted)
    missing = [name for name in wanted if name not in header.found]
    elsewhere = find_elsewhere(sheets, missing, header, place) if missing else {}
    where = "" if header.row == 1 and len(sheets.names) == 1 else f", {describe(header, sheets)},"
    return Table(path, cells, notes, where, elsewhere)


def _below_header(rows: list[list[Any]], header_row: int) -> pd.DataFrame:
    """Take the first row as header; drop the empty cells and rows that spreadsheets keep at the end."""
    header = _fit_row(rows[0], len(rows[0]), header_row)
    cells = [_fit_row(row, len(header), number) for number, row in enumerate(rows[1:], start=header_row + 1)]
    while cells and not is_filled(cells[-1]):
        cells.pop()
    if not cells and not is_filled(header):
        return pd.DataFrame()
    return pd.DataFrame(cells, columns=pd.Index(header, dtype=object), dtype=object)


def _name_columns(cells: pd.DataFrame, header_row: int, wanted: Sequence[str], notes: list[str]) -> pd.DataFrame:
    """Give each column a name, that of `wanted` where it is nearly that, and each row its number."""
    names = [cell_text(name) or f"column {number}" for number, name in enumerate(cells.columns, start=1)]
    for name, position in match(names, wanted).items():
        if names[position] != unicodedata.normalize("NFC", name):
            notes.append(f"column '{names[position]}' is taken for '{name}'")
            names[position] = name
    cells.columns = pd.Index(names, dtype=object)
    cells.index = pd.RangeIndex(header_row + 1, header_row + 1 + len(cells), name="row")
    return cells


def _fit_row(row: list[Any], width: int, number: int) -> list[Any]:
    """Return `width` cells of a row, `None` where one is empty. Raises `SpecimenError` for filled cells beyond."""
    beyond = [position for position, cell in enumerate(row[width:], start=width + 1) if cell_text(cell)]
    if beyond:
        raise SpecimenError(f"row {number} has {beyond[-1]} cells, the header {width}.")
    cells = [None if cell == "" else cell for cell in row[:width]]
    return cells + [None] * (width - len(cells))


def _with_index(table: pd.DataFrame) -> pd.DataFrame:
    """Make columns of a named index, which pandas keeps apart from the columns of a .parquet."""
    named = [level for level, name in enumerate(table.index.names) if name is not None]
    return table.reset_index(level=named, allow_duplicates=True) if named else table
