"""The empty cells of columns whose name is written once for all its rows, sheet by sheet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.data.preparation.blank_cells import fill_down, find_blank_below, is_blank

if TYPE_CHECKING:
    Columns = dict[str, pd.Series[Any]]
    """Cells by the key of the parameter that names their column."""


def fill_columns(
    sheets: Sequence[Columns], columns: Mapping[str, str], filled: Collection[str] | None, notes: list[str]
) -> list[Columns]:
    """Return the sheets with the empty cells of the `filled` columns (see `data.fill_down`) filled, and note how many.

    `columns` are the names of those that the sheets have, by key. Raises `SpecimenError` where it is not said, and a
    column of a group looks as if an empty cell meant the value above.
    """
    used = [_used(cells[key] for key in columns) for cells in sheets]
    if filled is None:
        _refuse_blanks(sheets, columns, used)
        return [*sheets]
    results = [dict(cells) for cells in sheets]
    for key, column in columns.items():
        if column in filled:
            count = 0
            for cells, rows in zip(results, used, strict=True):
                cells[key], of_sheet = fill_down(cells[key], rows)
                count += of_sheet
            notes.append(f"data.fill_down: '{column}': {count} empty cells have the value above")
    return results


def keys_of(columns: Iterable[str], section: str) -> list[str]:
    """Return the keys of a parameter that names several columns: those of `data.group`."""
    return [key for key in columns if key.startswith(f"{section}[")]


def _used(columns: Iterable[pd.Series[Any]]) -> pd.Series[bool]:
    """Tell which rows of a sheet have any cell."""
    return ~pd.concat([is_blank(column) for column in columns], axis=1).all(axis=1)


def _refuse_blanks(sheets: Sequence[Columns], columns: Mapping[str, str], used: Sequence[pd.Series[bool]]) -> None:
    blank: dict[str, list[Any]] = {}
    for cells, rows in zip(sheets, used, strict=True):
        for key in keys_of(columns, "data.group"):
            if below := find_blank_below(cells[key], rows):
                blank.setdefault(key, []).extend(below)
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
