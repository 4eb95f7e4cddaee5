"""The columns of a sheet, or of the sheets of all batches, that `data` names, read as groups, labels and features."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from specimen.common.cells import cell_text, spelling, to_text
from specimen.common.errors import SpecimenError
from specimen.config.data import BATCH, Data
from specimen.data.preparation.class_names import note_alike
from specimen.data.preparation.columns import ColumnReader
from specimen.data.preparation.fill_columns import fill_columns, keys_of
from specimen.data.preparation.joined_sheets import Sheets
from specimen.data.readers.tables import Table

if TYPE_CHECKING:
    from specimen.data.preparation.fill_columns import Columns

GROUP_SEPARATOR = "/"


def name_columns(data: Data) -> dict[str, str]:
    """Return the columns that `data` names, by the key of the parameter that does."""
    columns = {"data.image_column": data.image_column} if data.image_column is not None else {}
    columns |= {"data.target": data.target}
    columns |= {"data.split_column": data.split_column} if data.split_column else {}
    columns |= {f"data.group[{n}]": column for n, column in enumerate(data.group)}
    columns |= {f"data.features[{n}]": column for n, column in enumerate(data.features)}
    return columns


def sheet_columns(data: Data) -> dict[str, str]:
    """Return those of `name_columns` that are in a sheet: the name of a batch is not."""
    return {key: column for key, column in name_columns(data).items() if not (data.batched and column == BATCH)}


def read_columns(sheets: Sheets, data: Data) -> tuple[pd.DataFrame, list[str]]:
    """Return the label table (see `label_table.py`), and notes.

    Raises `SpecimenError` that lists every fault of the columns.
    """
    columns = name_columns(data)
    faults: list[str] = []
    parts: list[Columns] = [_take_columns(batch, sheet, data, faults) for batch, sheet in sheets.items()]
    if faults:
        raise SpecimenError("\n".join(faults))
    batches = pd.concat([pd.Series(batch, index=sheet.cells.index, dtype=object) for batch, sheet in sheets.items()])
    categories = (*data.categories, *([BATCH] if data.batched else []))
    reader = ColumnReader(data.decimal, data.missing, categories, batches if data.batched else None)
    filled = partial(fill_columns, parts, sheet_columns(data), data.fill_down, reader.notes)
    parts = _attempt(filled, faults) or parts
    cells: Columns = {key: pd.concat([part[key] for part in parts]).rename(column) for key, column in columns.items()}
    labels = _read_names(cells, data, reader)
    labels["target"] = _attempt(partial(_read_target, cells["data.target"], data, reader), faults)
    for key in keys_of(columns, "data.features"):
        labels[columns[key]] = _attempt(partial(_read_feature, cells[key], columns[key], key, reader), faults)
    if faults:
        place = f"{data.root}/{data.table}" if data.batched else next(iter(sheets.values())).path
        raise SpecimenError("\n".join(f"{place}: {fault}" for fault in faults))
    return labels, reader.notes


def _take_columns(batch: str | None, sheet: Table, data: Data, faults: list[str]) -> Columns:
    """Return the cells of one sheet, with the name of the batch where `data` names that; add what is wrong."""
    taken: Columns = {
        key: _attempt(partial(sheet.column, name, key), faults) for key, name in sheet_columns(data).items()
    }
    for key in (key for key in name_columns(data) if key not in taken):
        own = next((name for name in sheet.cells.columns if spelling(name) == BATCH), None)
        if own is not None:
            faults.append(
                f"{key}: {sheet.path} has a column '{own}', but '{BATCH}' is the name of the folder or zip. Rename the "
                "column."
            )
        taken[key] = pd.Series(batch, index=sheet.cells.index, dtype=object)
    if sheet.cells.empty:
        faults.append(f"{sheet.path}: has a header and no rows.")
    return taken


def _read_names(cells: Columns, data: Data, reader: ColumnReader) -> pd.DataFrame:
    """Return what cannot be wrong: the columns image_name, target_text, group and split."""
    target = cells["data.target"]
    group = _read_groups(cells, target.index, reader)
    image_key, split_key = "data.image_column", "data.split_column"
    names = {
        "image_name": reader.file(cells[image_key], image_key) if image_key in cells else _row_names(group),
        "target_text": to_text(target, data.missing),
        "group": group,
        "split": reader.text(cells[split_key], split_key) if split_key in cells else None,
    }
    return pd.DataFrame(names, index=target.index, dtype=object)


def _attempt(read: Callable[[], Any], faults: list[str]) -> Any:
    """Return what `read` returns; if it finds a fault, keep that and return `None`."""
    try:
        return read()
    except SpecimenError as error:
        faults.append(str(error))
        return None


def _read_groups(cells: Columns, index: pd.Index[Any], reader: ColumnReader) -> pd.Series[Any]:
    """Join the group columns to one id; `None` where any of them is empty (or where there are none)."""
    columns = {key: reader.name(cells[key], key) for key in keys_of(cells, "data.group")}
    if not columns:
        return pd.Series(None, index=index, dtype=object)
    for key, names in columns.items():
        reader.notes.extend([*note_alike(names, key, "groups"), *_note_dates(cells[key], key)])
    names_of_rows = zip(*columns.values(), strict=True)
    joined = [None if None in names else GROUP_SEPARATOR.join(names) for names in names_of_rows]
    return pd.Series(joined, index=index, dtype=object)


def _note_dates(cells: pd.Series[Any], key: str) -> list[str]:
    """Return a note on dates among other names: a spreadsheet makes a date of 3-1, so that one object has two names."""
    names = cells.dropna()
    dates = [(row, name) for row, name in names.items() if isinstance(name, datetime.date)]
    if len(dates) in (0, len(names)):
        return []
    row, date = dates[0]
    return [f"{key}: some names are dates, the first is '{cell_text(date)}' in row {row}; was it another name?"]


def _read_target(cells: pd.Series[Any], data: Data, reader: ColumnReader) -> pd.Series[Any]:
    if data.task == "regression":
        return reader.target(cells, "data.target")
    classes = reader.name(cells, "data.target")
    reader.notes.extend(note_alike(classes, "data.target", "classes"))
    return classes


def _read_feature(cells: pd.Series[Any], column: str, key: str, reader: ColumnReader) -> pd.Series[Any]:
    values = reader.feature(cells, column, key)
    if not pd.api.types.is_numeric_dtype(values):
        reader.notes.extend(note_alike(values, key, "categories"))
    return values


def _row_names(group: pd.Series[Any]) -> pd.Series[Any]:
    """Name each row: by its group if every row has one of its own, else by its number in the sheet."""
    if group.notna().all() and group.is_unique:
        return group
    return pd.Series([f"row {number}" for number in group.index], index=group.index, dtype=object)
