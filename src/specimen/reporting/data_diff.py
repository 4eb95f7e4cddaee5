"""What changed in the data: samples added, removed, relabelled or moved, and how the target is spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from specimen.data.dataset.batch_rows import batches_of
from specimen.reporting.shared_samples import BASE, other_photo, sample_key


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
    """The samples that differ; the index of each table names its samples."""

    before: int
    after: int
    added: pd.DataFrame
    removed: pd.DataFrame
    new_batches: pd.Series[int]
    """Samples in each batch that the base has none of, by its name."""
    gone_batches: pd.Series[int]
    relabelled: pd.DataFrame
    """With columns `before` and `after`."""
    moved: pd.DataFrame
    """With columns `before` and `after`, names of splits."""
    replaced: pd.Index[Any]
    """Samples whose photo has other bytes, under the same name."""
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
    old = base.set_index(key)
    new = head.set_index(key)
    shared = new.index.intersection(old.index, sort=False)
    counts = {"before": rejected_base["rule"].value_counts(), "after": rejected_head["rule"].value_counts()}
    in_base, in_head = (batches_of(table).value_counts(sort=False) for table in (base, head))
    rejected_images = pd.Index(rejected_head["image"].dropna().unique())
    return DataDiff(
        before=len(base),
        after=len(head),
        added=new.loc[new.index.difference(old.index, sort=False)],
        removed=old.loc[old.index.difference(new.index, sort=False)],
        new_batches=in_head[in_head.index.difference(in_base.index, sort=False)],
        gone_batches=in_base[in_base.index.difference(in_head.index, sort=False)],
        relabelled=_changed(old, new, shared, "target"),
        moved=_changed(old, new, shared, "split"),
        replaced=shared[other_photo(new.loc[shared].join(old.loc[shared].add_suffix(BASE)))],
        rejected=pd.DataFrame(counts).fillna(0).astype(int),
        newly_rejected=rejected_images.difference(rejected_base["image"].dropna(), sort=False),
        shift=target_shift(base["target"], head["target"]),
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
    from scipy.stats import ks_2samp  # noqa: PLC0415 - takes two seconds, which most reports need not wait

    result = ks_2samp(before, after)
    return float(result.statistic), float(result.pvalue)


def _changed(old: pd.DataFrame, new: pd.DataFrame, shared: pd.Index[Any], column: str) -> pd.DataFrame:
    both = pd.DataFrame({"before": old.loc[shared, column], "after": new.loc[shared, column]})
    return both[both["before"] != both["after"]]
