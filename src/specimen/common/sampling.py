"""A few of many rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def evenly_spaced(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """Return at most `count` of the rows at even distances, the first and the last among them."""
    positions = np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(np.int64)
    return rows[np.unique(positions)]
