"""How evenly the splits share out the strata of a data set: classes, quarters of the target, ages, conditions."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from specimen.config.prepare import Split
from specimen.data.dataset.store import SPLITS
from specimen.data.dataset.strata import strata
from specimen.data.preparation.splits import assign_splits


def stratify(samples: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Return a table with one row for each sample and column: `group` and `stratum` (such as `age_days = 7`)."""
    members = [
        pd.DataFrame({"group": samples["group"][rows], "stratum": f"{name} = {label}"})
        for name in columns
        for label, rows in strata(samples[name]).items()
    ]
    return pd.concat(members, ignore_index=True)


def assigned(table: pd.DataFrame, split: Split, seed: int) -> pd.Series[str]:
    """Return the split of each row under a seed."""
    return assign_splits(table["group"], split.model_copy(update={"seed": seed}))


def imbalance(table: pd.DataFrame, split: Split) -> float:
    """Return the chi-square distance between the samples that the strata have in each split and their fair shares."""
    counts = pd.crosstab(table["stratum"], assign_splits(table["group"], split))
    counts = counts.reindex(columns=list(SPLITS), fill_value=0)
    fair = pd.DataFrame(_fair_shares(split), index=counts.index).mul(counts.sum(axis=1), axis=0)
    return float(((counts - fair) ** 2 / fair).to_numpy().sum())


def _fair_shares(split: Split) -> dict[str, float]:
    """Return which share of the samples each split should have; with folds, val is a share of what is not tested."""
    test = split.test if split.folds is None else 1 / split.folds
    val = split.val if split.folds is None else split.val * (1 - test)
    return {"train": 1 - val - test, "val": val, "test": test}
