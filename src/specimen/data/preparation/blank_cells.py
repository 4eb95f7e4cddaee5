"""Empty cells below a filled one, in sheets where a name is written once for all its rows."""

from __future__ import annotations

from typing import Any

import pandas as pd

MIN_SHARE = 0.1
"""Empty cells for each filled one, from which on they are taken for a habit, not for names that are not known."""


def is_blank(cells: pd.Series[Any]) -> pd.Series[bool]:
    """Tell which cells are empty, or hold nothing but blanks."""
    return cells.isna() | cells.map(lambda cell: isinstance(cell, str) and not cell.strip()).astype(bool)


def fill_down(cells: pd.Series[Any], used: pd.Series[bool]) -> tuple[pd.Series[Any], int]:
    """Give the empty cells of `used` rows the value above; also return how many there are."""
    blank = is_blank(cells)
    filled = cells.where(~blank, None).ffill().where(used, None).astype(object)
    filled = filled.where(filled.notna(), None)
    return filled, int((blank & filled.notna()).sum())


def find_blank_below(cells: pd.Series[Any], used: pd.Series[bool]) -> list[int]:
    """Return the rows of the empty cells if they look as if the value above is meant, else none.

    So it looks where the first of the `used` rows is filled, several are empty, and no value follows itself: whoever
    repeats a name in the next row would not leave it out elsewhere. A single empty cell above all may belong to a row
    of units (g, cm), and does not count.
    """
    cells = cells[used]
    if len(cells) and is_blank(cells).iloc[0]:
        cells = cells.iloc[1:]
    blank = is_blank(cells)
    names = cells[~blank]
    if len(names) == 0 or blank.iloc[0] or blank.sum() < max(2, MIN_SHARE * len(names)):
        return []
    return [] if (names == names.shift()).any() else blank.index[blank].tolist()
