"""How a row of a batch is called: `week-3:17` is row 17 in the sheet of week-3."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

SEPARATOR = ":"


def name_rows(batch: str, rows: Iterable[int]) -> pd.Index[Any]:
    """Return the names of rows of one batch, as an index."""
    return pd.Index([f"{batch}{SEPARATOR}{row}" for row in rows], dtype=object, name="row")


def batches_of(samples: pd.DataFrame) -> pd.Series[Any]:
    """Return the batch of each sample by its column `row`; empty where the data have no batches."""
    if "row" not in samples or pd.api.types.is_numeric_dtype(samples["row"]):
        return pd.Series(dtype=object)
    return samples["row"].astype(str).str.rpartition(SEPARATOR)[0]
