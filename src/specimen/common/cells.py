"""Cells of a table as text, numbers and dates: the same reading for sheets, features and plots."""

from __future__ import annotations

from typing import Any

import pandas as pd

_ENGLISH_NUMBER = r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?"
_GERMAN_NUMBER = r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?"
_BOOLEANS = {"true": 1.0, "wahr": 1.0, "false": 0.0, "falsch": 0.0}


def to_text(cells: pd.Series[Any]) -> pd.Series[Any]:
    """Return the cells as stripped text, `None` where a cell is empty; 3.0 reads `3`, as the sheet shows it."""
    return cells.map(cell_text).astype(object).where(lambda text: text.notna(), None)


def to_number(cells: pd.Series[Any]) -> pd.Series[float]:
    """Return the cells as float64, NaN where a cell is empty or no number; WAHR and FALSCH are 1 and 0.

    A comma is read as a decimal point only in a column where no number has a decimal point: 1,234 beside 0.5 is
    somebody's thousand, and not ours to guess.
    """
    text = to_text(cells).astype("string")
    if not text.str.fullmatch(_ENGLISH_NUMBER).any():
        german = text.str.fullmatch(_GERMAN_NUMBER).fillna(False)
        text = text.mask(german, text.str.replace(",", ".", regex=False))
    numbers = pd.to_numeric(text.str.lower().replace({k: str(v) for k, v in _BOOLEANS.items()}), errors="coerce")
    return numbers.astype("float64").replace([float("inf"), float("-inf")], float("nan"))


def cell_text(cell: Any) -> str | None:
    """Return one cell as stripped text, `None` if it is empty."""
    if pd.api.types.is_scalar(cell) and pd.isna(cell):
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        cell = int(cell)
    # A bare carriage return would end the line in the CSV that is written of it.
    return str(cell).replace("\r\n", "\n").replace("\r", "\n").strip() or None


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
