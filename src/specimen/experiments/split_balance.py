"""How evenly the splits share out the strata of a data set: classes, quartiles of the target, ages, conditions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from specimen.config.prepare import Split
from specimen.data.dataset.store import SPLITS
from specimen.data.preparation.splits import assign_splits

QUANTILES = 4
"""A numeric column with many values counts by quartile."""
MAX_LEVELS = 10
"""A numeric column with at most this many values (ages: 7, 14, 21, 28) counts by value."""


def strata(samples: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a table with one row for each sample and column: `group` and `stratum` (such as `age_days = 7`)."""
    parts = [
        pd.DataFrame({"group": samples["group"], "stratum": f"{name} = " + _levels(samples[name])}) for name in columns
    ]
    return pd.concat(parts, ignore_index=True)


def _levels(column: pd.Series[Any]) -> pd.Series[str]:
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > MAX_LEVELS:
        column = pd.qcut(column, QUANTILES, duplicates="drop")
        column = column.map(lambda part: f"{part.left:.3g} to {part.right:.3g}")
    return column.astype(object).where(column.notna(), "missing").astype(str)


def assigned(table: pd.DataFrame, split: Split, seed: int) -> pd.Series[str]:
    """Return the split of each row under a seed."""
    return assign_splits(table["group"], split.model_copy(update={"seed": seed}))


def imbalance(table: pd.DataFrame, split: Split) -> float:
    """Return the chi-square distance between the samples that the strata have in each split and their fair shares."""
    counts = pd.crosstab(table["stratum"], assign_splits(table["group"], split)).reindex(
        columns=list(SPLITS), fill_value=0
    )
    test = split.test if split.folds is None else 1 / split.folds
    val = split.val if split.folds is None else split.val * (1 - test)
    fair = pd.DataFrame({"train": 1 - val - test, "val": val, "test": test}, index=counts.index).mul(
        counts.sum(axis=1), axis=0
    )
    return float(((counts - fair) ** 2 / fair).to_numpy().sum())
