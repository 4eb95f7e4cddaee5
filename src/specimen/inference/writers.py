"""Write tables in pieces, so that memory does not grow with their length."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pandas as pd
import pyarrow as pa
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from pyarrow import parquet

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.models.predictions import PREDICTION

XLSX_ROWS = 1_048_576
"""Most rows of a sheet, with its header, that a spreadsheet opens."""

Write = Callable[[pd.DataFrame], None]
"""Appends rows; every piece has the same columns of the same types."""


def check_writable(path: Path, rows: int) -> None:
    """Raise `SpecimenError` if a table of so many rows cannot be written there."""
    if path.suffix.lower() not in WRITERS:
        raise SpecimenError(f"{path}: unknown kind of table. {accepted_hint(path.suffix, WRITERS)}")
    if path.is_dir():
        raise SpecimenError(f"{path}: this is a folder; name a file in it.")
    if path.is_file() and path.stat().st_size and not is_predictions(path):
        raise SpecimenError(
            f"{path}: this file is not a table of predictions, so it is not replaced. Write to another file, or remove "
            "it first."
        )
    if path.suffix.lower() == ".xlsx" and rows + 1 > XLSX_ROWS:
        raise SpecimenError(f"{path}: a sheet cannot hold {rows:,} rows. Write a .csv or .parquet.")


def is_predictions(path: Path) -> bool:
    """Tell whether a file is a table as `predict_files` gives it: all others may be the only copy of something."""
    try:
        columns = HEADERS[path.suffix.lower()](path)
    except Exception:  # of a file of another kind its readers raise whatever they stumble over
        return False
    return columns[:2] == ["image", PREDICTION] and columns[-1] == "error"


def _csv_header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


def _xlsx_header(path: Path) -> list[str]:
    book = load_workbook(path, read_only=True)
    try:
        return [str(value) for value in next(book.worksheets[0].values)]
    finally:
        book.close()


def _parquet_header(path: Path) -> list[str]:
    return list(parquet.read_schema(path).names)


HEADERS: dict[str, Callable[[Path], list[str]]] = {
    ".csv": _csv_header,
    ".xlsx": _xlsx_header,
    ".parquet": _parquet_header,
}


def open_writer(path: Path, suffix: str) -> AbstractContextManager[Write]:
    """Return a context that writes a table to `path`, in the format of `suffix`."""
    return WRITERS[suffix.lower()](path)


@contextmanager
def _csv(path: Path) -> Iterator[Write]:
    with path.open("w", encoding="utf-8", newline="") as file:

        def write(table: pd.DataFrame) -> None:
            table.to_csv(file, index=False, header=file.tell() == 0, lineterminator="\n")

        yield write


@contextmanager
def _xlsx(path: Path) -> Iterator[Write]:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("predictions")
    empty = True

    def text(value: str) -> WriteOnlyCell:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("\ufffd", value))
        cell.data_type = "s"  # even if it begins with = and would become a formula
        return cell

    def write(table: pd.DataFrame) -> None:
        nonlocal empty
        if empty:
            sheet.append([text(str(name)) for name in table.columns])
            empty = False
        for row in table.astype(object).where(table.notna(), None).itertuples(index=False, name=None):
            sheet.append([text(value) if isinstance(value, str) else value for value in row])

    try:
        yield write
    except BaseException:
        sheet.close()  # else openpyxl would warn about it later
        raise
    book.save(path)  # which also removes the temporary file of openpyxl


@contextmanager
def _parquet(path: Path) -> Iterator[Write]:
    writer: parquet.ParquetWriter | None = None

    def write(table: pd.DataFrame) -> None:
        nonlocal writer
        arrow_table = pa.Table.from_pandas(table, preserve_index=False)
        writer = writer or parquet.ParquetWriter(path, arrow_table.schema)
        writer.write_table(arrow_table)

    try:
        yield write
    finally:
        if writer is not None:
            writer.close()


WRITERS: dict[str, Callable[[Path], AbstractContextManager[Write]]] = {
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".parquet": _parquet,
}
