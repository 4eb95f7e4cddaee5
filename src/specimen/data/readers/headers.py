"""The row of a sheet that is the header: the first one, or the one further down that has the columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from specimen.common.cells import cell_text, spelling

SEARCHED = 50
"""Rows in which a header is looked for."""


@dataclass(frozen=True)
class Header:
    """A row that may be the header."""

    sheet: str | None
    """None: the file has no sheets."""
    row: int
    """Its number in the spreadsheet, from 1."""
    found: dict[str, int]
    """The position of the cell for each wanted name that it has."""


def match(cells: Sequence[Any], wanted: Iterable[str]) -> dict[str, int]:
    """Return the position of the cell that is each of the wanted names.

    A name that is not there may be written in another case, with other blanks or with `_` for them, if only one cell
    could be meant, and no other name.
    """
    texts = [cell_text(cell) for cell in cells]
    places: dict[str, int] = {}
    for position, text in enumerate(texts):
        if text is not None:
            places.setdefault(text, position)
    exact = {name: places[composed] for name in wanted if (composed := unicodedata.normalize("NFC", name)) in places}
    missing = [name for name in wanted if name not in exact]
    if not missing:
        return exact
    taken = set(exact.values())
    free = [(spelling(text), at) for at, text in enumerate(texts) if text is not None and at not in taken]
    near = {}
    for name in missing:
        at = [position for spelt, position in free if spelt == spelling(name)]
        if len(at) == 1 and sum(spelling(other) == spelling(name) for other in missing) == 1:
            near[name] = at[0]
    return exact | near


def find_headers(rows: Sequence[Sequence[Any]], wanted: Sequence[str], sheet: str | None) -> list[Header]:
    """Return the rows among the first ones that have at least one of the wanted names."""
    matched = [(number, match(cells, wanted)) for number, cells in enumerate(rows[:SEARCHED], start=1)]
    return [Header(sheet, number, found) for number, found in matched if found]


def first_filled(rows: Sequence[Sequence[Any]]) -> int:
    """Return the index of the first row with a filled cell, 0 if there is none."""
    return next((index for index, cells in enumerate(rows) if is_filled(cells)), 0)


def is_filled(cells: Iterable[Any]) -> bool:
    """Tell whether any of the cells has content."""
    return any(cell_text(cell) for cell in cells)
