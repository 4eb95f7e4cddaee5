"""What changed in the data: samples added, removed, relabelled or moved, and how the target is spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from specimen.reporting.shared_samples import sample_key


@dataclass(frozen=True)
class Shift:
    """How far apart the targets of two sets of samples are, from 0 (alike) to 1 (nothing in common)."""

    name: str
    distance: float
    p_value: float | None
    """Probability of such a distance, or a larger one, between two samples of one population."""
    shares: pd.DataFrame | None = None
    """For classes: columns `before` and `after`, shares of all samples, the largest change first."""


@dataclass(frozen=True)
class DataDiff:
    """The samples that differ; tables are indexed by what names a sample."""

    before: int
    after: int
    added: pd.DataFrame
    removed: pd.DataFrame
    relabelled: pd.DataFrame
    """With columns `before` and `after`."""
    moved: pd.DataFrame
    """With columns `before` and `after`, names of splits."""
    rejected: pd.DataFrame
    """Rules with columns `before` and `after`, numbers of rows."""
    newly_rejected: pd.Index[Any]
    """Images that are rejected now and were not before."""
    shift: Shift


def compare(
    base: pd.DataFrame, head: pd.DataFrame, rejected_base: pd.DataFrame, rejected_head: pd.DataFrame
) -> DataDiff:
    """Compare two tables of samples, and two of rejected rows.

    Raises `NotComparableError` where the samples cannot be told apart.
    """
    key = sample_key(base, head)
    old, new = base.set_index(key), head.set_index(key)
    shared = new.index.intersection(old.index, sort=False)
    counts = [table["rule"].value_counts() for table in (rejected_base, rejected_head)]
    rejected = pd.DataFrame({"before": counts[0], "after": counts[1]}).fillna(0).astype(int)
    return DataDiff(
        len(base),
        len(head),
        new.loc[new.index.difference(old.index, sort=False)],
        old.loc[old.index.difference(new.index, sort=False)],
        _changed(old, new, shared, "target"),
        _changed(old, new, shared, "split"),
        rejected,
        pd.Index(rejected_head["image"].dropna().unique()).difference(rejected_base["image"].dropna(), sort=False),
        target_shift(base["target"], head["target"]),
    )


def target_shift(before: pd.Series[Any], after: pd.Series[Any]) -> Shift:
    """Return the Kolmogorov-Smirnov distance of numbers, or the total variation distance of classes."""
    if pd.api.types.is_numeric_dtype(before) and pd.api.types.is_numeric_dtype(after):
        return Shift("Kolmogorov-Smirnov distance", *_kolmogorov_smirnov(before.dropna(), after.dropna()))
    shares = pd.DataFrame(
        {
            "before": before.astype(str).value_counts(normalize=True),
            "after": after.astype(str).value_counts(normalize=True),
        }
    ).fillna(0.0)
    change = (shares["after"] - shares["before"]).abs()
    order = change.sort_values(ascending=False, kind="stable").index
    return Shift("total variation distance", float(change.sum() / 2), None, shares.loc[order])


def _kolmogorov_smirnov(before: pd.Series[Any], after: pd.Series[Any]) -> tuple[float, float]:
    if np.array_equal(np.sort(before), np.sort(after)):
        return 0.0, 1.0
    from scipy.stats import ks_2samp  # noqa: PLC0415 - two seconds, of which most reports have no need

    found = ks_2samp(before, after)
    return float(found.statistic), float(found.pvalue)


def _changed(old: pd.DataFrame, new: pd.DataFrame, shared: pd.Index[Any], column: str) -> pd.DataFrame:
    both = pd.DataFrame({"before": old.loc[shared, column], "after": new.loc[shared, column]})
    return both[both["before"] != both["after"]]
