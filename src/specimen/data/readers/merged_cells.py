"""Cells that are merged over several rows: a file stores their value once, people mean it for each row."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

from specimen.data.readers.sheets import Range


def fill_merged(cells: pd.DataFrame, merged: Iterable[Range], wanted: Collection[str]) -> list[str]:
    """Give each row of a merged block the value of the first; return a note for each of the `wanted` columns.

    The index of `cells` is the number of the row in the sheet, from 1. A block that begins in the header or above is
    not a value. Of a block that spans several columns, the value counts in the first.
    """
    first_row, last_row = int(cells.index[0]) if len(cells) else 0, int(cells.index[-1]) if len(cells) else 0
    filled: dict[str, list[int]] = {}
    for (top, column), (bottom, _) in sorted(merged):
        below = range(top + 2, min(bottom + 1, last_row) + 1)
        if top + 1 < first_row or column >= cells.shape[1] or not below:
            continue
        value: Any = cells.iat[top + 1 - first_row, column]
        if value is None:
            continue
        cells.iloc[below.start - first_row : below.stop - first_row, column] = value
        filled.setdefault(cells.columns[column], []).extend(below)
    return [
        f"'{name}': {len(rows)} cells are merged with the one above and have its value, the first in row {rows[0]}"
        for name, rows in filled.items()
        if name in wanted
    ]
