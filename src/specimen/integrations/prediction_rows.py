"""The test predictions as people read them: one row for each sample, truth next to prediction."""

from __future__ import annotations

import pandas as pd

from specimen.models.predictions import (
    CONFIDENCE,
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    UNLIKE,
    parse_set,
)

TRUTH = "truth"


def prediction_rows(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the columns `image`, `truth`, `prediction`, its interval or confidence and set, and `unlike`.

    `predictions` is the table that `evaluate` writes; what it does not have is left out. An empty cell is `None`.
    """
    named = predictions.rename(columns={"target": TRUTH})
    order = ["image", TRUTH, PREDICTION, LOW, HIGH, CONFIDENCE, PREDICTION_SET, UNLIKE]
    rows = named[[name for name in order if name in named]].astype(object)
    if PREDICTION_SET in rows:
        rows[PREDICTION_SET] = [", ".join(parse_set(cell)) for cell in rows[PREDICTION_SET]]
    return rows.where(rows.notna(), None)
