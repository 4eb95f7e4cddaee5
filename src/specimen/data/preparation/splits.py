"""Splits that never leak and never move.

A sample's split is a function of its group and the seed alone: the group is hashed to a number in [0, 1), and the
number falls into test, val or train. So adding, removing or relabelling rows moves no other sample, and all samples of
one group (the photos of one plant) stay together. Where the table names splits itself, the table wins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.hashing import hash_position
from specimen.config.prepare import Split
from specimen.data.dataset.store import SPLITS


def assign_splits(groups: pd.Series[Any], split: Split, given: pd.Series[Any] | None = None) -> pd.Series[Any]:
    """Return train, val or test for the group of each sample; `given` is what the table says, `None` where nothing.

    Raises `SpecimenError` where `given` is not a split, or puts one group into two.
    """
    hashed = pd.Series(_hashed(groups.astype(str), split), index=groups.index, name="split", dtype=object)
    if given is None or given.isna().all():
        return hashed
    named = given.dropna().str.lower()
    wrong = named[~named.isin(SPLITS)]
    if len(wrong):
        value = given[wrong.index[0]]
        raise SpecimenError(f"data.split_column: row {wrong.index[0]} says '{value}'. {accepted_hint(value, SPLITS)}")
    kinds = named.groupby(groups[named.index]).unique()
    torn = kinds[kinds.map(len) > 1]
    if len(torn):
        raise SpecimenError(
            f"data.split_column: {len(torn)} groups are in several splits, such as {torn.index[0]} in "
            f"{' and '.join(torn.iloc[0])}. A model would be tested on what it was trained on; put each into one split."
        )
    # The photos of a group whose other photos have a split follow them.
    return groups.map(kinds.map(lambda names: names[0])).fillna(hashed).rename("split")


def _hashed(groups: pd.Series[Any], split: Split) -> npt.NDArray[Any]:
    position = hash_position(groups, str(split.seed))
    if split.folds is None:
        return np.select([position < split.test, position < split.test + split.val], ["test", "val"], "train")
    held_out = np.floor(position * split.folds) == split.fold
    # A hash of its own, so that the val split of one fold is not a whole fold of the others.
    chooses = hash_position(groups, f"{split.seed}/val") < split.val
    return np.select([held_out, chooses], ["test", "val"], "train")


def check_splits(samples: pd.DataFrame, *, classes: bool) -> None:
    """Raise `SpecimenError` where a split is empty, or a class (with `classes`) has nothing to be learnt from."""
    counts = samples["split"].value_counts()
    empty = [name for name in SPLITS if not counts.get(name, 0)]
    if empty:
        raise SpecimenError(
            f"split: {' and '.join(empty)} would be empty: {len(samples)} usable samples in "
            f"{samples['group'].nunique()} groups. Add data, raise split.val or split.test, or change split.seed."
        )
    if classes:
        if samples["target"].nunique() < 2:
            raise SpecimenError(
                f"data.target: all {len(samples)} usable samples are of one class, '{samples['target'].iloc[0]}'. With "
                "class folders, data.root or data.images may point one folder too high."
            )
        # A class of one or two samples, let in on purpose by the rule small_class, cannot be in every split.
        sizes = samples["target"].value_counts()
        trained = set(samples.loc[samples["split"] == "train", "target"])
        absent = sorted(str(name) for name, size in sizes.items() if size >= len(SPLITS) and name not in trained)
        if absent:
            raise SpecimenError(
                f"split: no sample of {', '.join(absent)} falls into train. Add samples (of other groups), raise "
                "prepare.rules.small_class.min_samples to leave the class out, or change split.seed."
            )
