"""Cells of a table as text, numbers and dates: the same reading for sheets, features and plots."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import pandas as pd

from specimen.common.numbers import read_numbers

_BLANK = re.compile(r"[\s_\u00ad\u200b-\u200d\u2060\ufeff]+")
_DASH = re.compile(r"[\u2010-\u2015\u2212]")
_WHOLE = re.compile(r"^([+-]?\d+)[.,]0+$")


def to_text(cells: pd.Series[Any], marks: Iterable[str] = ()) -> pd.Series[Any]:
    """Return the cells as text, `None` where one is empty or one of the `marks` of a missing value; see `cell_text`."""
    known = {mark.casefold() for mark in marks}

    def read(cell: Any) -> str | None:
        text = cell_text(cell)
        return None if text is not None and text.casefold() in known else text

    return cells.map(read).astype(object).where(lambda text: text.notna(), None)


def to_key(cells: pd.Series[Any], marks: Iterable[str] = ()) -> pd.Series[Any]:
    """Return the cells as names of something: like `to_text`, but 3.0 and 3 are one name, however they are written."""
    names = to_text(cells, marks).map(lambda text: _WHOLE.sub(r"\1", text), na_action="ignore")
    return names.astype(object).where(names.notna(), None)


def count_marks(text: pd.Series[Any], marks: Iterable[str]) -> dict[str, int]:
    """Return how often each mark of a missing value occurs, by each spelling in the cells; case does not matter."""
    known = {mark.casefold() for mark in marks}
    counts = text.value_counts(sort=False)
    return {str(name): int(count) for name, count in counts.items() if str(name).casefold() in known}


def to_number(cells: pd.Series[Any]) -> pd.Series[float]:
    """Return the cells as float64, NaN where one is empty, not a number, or has two readings; see `read_numbers`."""
    return read_numbers(cells).values


def cell_text(cell: Any) -> str | None:
    """Return one cell as text without outer blanks, `None` if it is empty; 3.0 reads `3`, as the sheet shows it.

    Letters with accents are composed (NFC): macOS may write one letter as two signs, u and its dots.
    """
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    # A bare carriage return would end the line in the CSV that is written of it.
    text = str(cell).replace("\r\n", "\n").replace("\r", "\n").strip()
    return unicodedata.normalize("NFC", text) or None


def spelling(name: str) -> str:
    """Return what is left of a name without its case, its blanks and `_`: equal for what may be one name.

    Signs that have no width count as blanks, and all dashes are one: programs put both in by themselves.
    """
    return _DASH.sub("-", _BLANK.sub("", unicodedata.normalize("NFKC", name))).casefold()


def as_dates(cells: pd.Series[Any]) -> pd.Series[pd.Timestamp] | None:
    """Return the cells as dates (2023-05-21 10:37:14 or 21.05.2023), `None` where a cell is neither."""
    text = to_text(cells)
    for form in ("ISO8601", "%d.%m.%Y"):
        dates = pd.to_datetime(text, format=form, errors="coerce", utc=True).dt.tz_localize(None)
        if dates.notna().any() and (dates.notna() | text.isna()).all():
            return dates
    return None


def days(dates: pd.Series[pd.Timestamp]) -> pd.Series[float]:
    """Return dates as days since 1970, the numbers of matplotlib's date axes."""
    return (dates - pd.Timestamp(0)) / pd.Timedelta(days=1)
