"""Parts of a data set by the values of a column: metrics are given for each, splits should share out each evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FEW_VALUES = 8
"""Numbers with more different values are cut into quarters."""
MISSING = "missing"

Rows = npt.NDArray[np.bool_]
"""One flag for each row of a table."""


def strata(column: pd.Series[Any]) -> dict[str, Rows]:
    """Return the rows of each part of a column by the label of the part, in order.

    Text and few different numbers (ages: 7, 14, 21, 28) count by value, many numbers by quarter, gaps as `missing`.
    """
    if not pd.api.types.is_numeric_dtype(column):
        text = column.fillna(MISSING).astype(str)
        return {label: (text == label).to_numpy() for label in sorted(text.unique())}
    numbers = column.astype(np.float64).replace([np.inf, -np.inf], np.nan)
    codes = numbers if numbers.nunique() <= FEW_VALUES else pd.qcut(numbers, 4, labels=False, duplicates="drop")
    parts: dict[str, Rows] = {}
    for code, members in numbers.groupby(codes):
        label = _range_label(members)
        rows = (codes == code).to_numpy()
        # Numbers that differ beyond the digits of their label are one part.
        parts[label] = parts[label] | rows if label in parts else rows
    if numbers.isna().any():
        parts[MISSING] = numbers.isna().to_numpy()
    return parts


def _range_label(numbers: pd.Series[float]) -> str:
    low = f"{numbers.min():.6g}"
    high = f"{numbers.max():.6g}"
    return low if low == high else f"{low} to {high}"
