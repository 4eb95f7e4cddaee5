"""The columns of a sheet that `data` names, read as groups, labels and features."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd

from specimen.common.cells import cell_text, to_text
from specimen.common.errors import SpecimenError
from specimen.config.data import Data
from specimen.data.preparation.blank_cells import fill_down, find_blank_below, is_blank
from specimen.data.preparation.class_names import note_alike
from specimen.data.preparation.columns import ColumnReader
from specimen.data.readers.tables import Table

if TYPE_CHECKING:
    Columns = dict[str, pd.Series[Any]]
    """Cells by the key of the parameter that names their column."""

GROUP_SEPARATOR = "/"


def name_columns(data: Data) -> dict[str, str]:
    """Return the columns that `data` names, by the key of the parameter that does."""
    columns = {"data.image_column": data.image_column} if data.image_column is not None else {}
    columns |= {"data.target": data.target}
    columns |= {"data.split_column": data.split_column} if data.split_column else {}
    columns |= {f"data.group[{n}]": column for n, column in enumerate(data.group)}
    columns |= {f"data.features[{n}]": column for n, column in enumerate(data.features)}
    return columns


def read_columns(table: Table, data: Data, reader: ColumnReader) -> pd.DataFrame:
    """Return the label table; see `label_table.py`. Raises `SpecimenError` that lists every fault of the columns."""
    columns = name_columns(data)
    faults: list[str] = []
    cells: Columns = {key: _attempt(partial(table.column, columns[key], key), faults) for key in columns}
    if faults:
        raise SpecimenError("\n".join(faults))
    if table.cells.empty:
        raise SpecimenError(f"{table.path}: has a header and no rows.")
    cells = _attempt(partial(_fill_blanks, cells, columns, data, reader), faults) or cells
    labels = _read_names(cells, data, reader)
    labels["target"] = _attempt(partial(_read_target, cells["data.target"], data, reader), faults)
    for key in _keys(columns, "data.features"):
        labels[columns[key]] = _attempt(partial(_read_feature, cells[key], columns[key], key, reader), faults)
    if faults:
        raise SpecimenError("\n".join(f"{table.path}: {fault}" for fault in faults))
    return labels


def _read_names(cells: Columns, data: Data, reader: ColumnReader) -> pd.DataFrame:
    """Return what cannot be wrong: the columns image_name, target_text, group and split."""
    target = cells["data.target"]
    group = _read_groups(cells, target.index, reader)
    image_key, split_key = "data.image_column", "data.split_column"
    names = {
        "image_name": reader.text(cells[image_key], image_key) if image_key in cells else _row_names(group),
        "target_text": to_text(target, data.missing),
        "group": group,
        "split": reader.text(cells[split_key], split_key) if split_key in cells else None,
    }
    return pd.DataFrame(names, index=target.index, dtype=object)


def _keys(columns: Iterable[str], section: str) -> list[str]:
    return [key for key in columns if key.startswith(f"{section}[")]


def _attempt(read: Callable[[], Any], faults: list[str]) -> Any:
    """Return what `read` returns; if it finds a fault, keep that and return `None`."""
    try:
        return read()
    except SpecimenError as error:
        faults.append(str(error))
        return None


def _fill_blanks(cells: Columns, columns: dict[str, str], data: Data, reader: ColumnReader) -> Columns:
    """Fill the columns of `data.fill_down`. Raises `SpecimenError` where it seems to lack one of a group."""
    used = ~pd.concat([is_blank(column) for column in cells.values()], axis=1).all(axis=1)
    if data.fill_down is None:
        _refuse_blanks({key: cells[key] for key in _keys(cells, "data.group")}, columns, used)
        return cells
    filled = dict(cells)
    for key, column in columns.items():
        if column in data.fill_down:
            filled[key], count = fill_down(cells[key], used)
            reader.notes.append(f"data.fill_down: '{column}': {count} empty cells have the value above")
    return filled


def _refuse_blanks(groups: Columns, columns: dict[str, str], used: pd.Series[bool]) -> None:
    blank = {key: rows for key, column in groups.items() if (rows := find_blank_below(column, used))}
    if blank:
        found = [
            f"{key}: '{columns[key]}' is empty in {len(rows)} rows below a filled one, the first is row {rows[0]}."
            for key, rows in blank.items()
        ]
        names = ", ".join(columns[key] for key in blank)
        raise SpecimenError(
            "\n".join(found)
            + f" If an empty cell means the value above, set data.fill_down: [{names}]; if each of these "
            "rows is a group of its own, set data.fill_down: []."
        )


def _read_groups(cells: Columns, index: pd.Index[Any], reader: ColumnReader) -> pd.Series[Any]:
    """Join the group columns to one id; `None` where any of them is empty (or where there are none)."""
    columns = {key: reader.name(cells[key], key) for key in _keys(cells, "data.group")}
    if not columns:
        return pd.Series(None, index=index, dtype=object)
    for key, names in columns.items():
        reader.notes.extend([*note_alike(names, key, "groups"), *_note_dates(cells[key], key)])
    parts = pd.concat(list(columns.values()), axis=1)
    joined = parts.astype("string").fillna("").agg(GROUP_SEPARATOR.join, axis=1).astype(object)
    return joined.where(parts.notna().all(axis=1), None)


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
