"""The test samples that two revisions share, with both predictions in one row: what a comparison can rest on."""

from __future__ import annotations

import numpy as np
import pandas as pd

from specimen.models.predictions import PREDICTION, finite_rows

BASE = " (base)"
"""Suffix of the columns that come from the base."""
PHOTO = "image_md5"
"""Column with the hash of the file of a photo, as `prepare` writes it."""
BINS = 10


class NotComparableError(Exception):
    """Two revisions cannot be compared; the message says why."""


def sample_key(*tables: pd.DataFrame) -> list[str]:
    """Return the columns that name a sample in all tables: its image, or, if that repeats, image and row, or the row.

    Raises `NotComparableError` where none of them does.
    """
    for key in (["image"], ["image", "row"], ["row"]):
        if all(_names_rows(table, key) for table in tables):
            return key
    raise NotComparableError("the samples cannot be told apart by image and row")


def _names_rows(table: pd.DataFrame, key: list[str]) -> bool:
    return set(key) <= set(table) and bool(table[key].notna().all(axis=None)) and not table.duplicated(key).any()


def shared_samples(base: pd.DataFrame, head: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the samples with the same label in both, and how many have another one.

    Columns of the base have the suffix ` (base)`. A relabelled sample is left out: by its new label the model that
    learned such labels would win, by its old one the other model. So is one whose photo is another now: each model
    would be measured on a photo of its own.

    Raises `NotComparableError` where samples cannot be told apart, or where none is left.
    """
    for table in (base, head):
        _check(table)
    key = sample_key(base, head)
    of_base = base.rename(columns={name: f"{name}{BASE}" for name in base if name not in key})
    pairs = head.merge(of_base, on=key, validate="one_to_one")
    if pairs.empty:
        raise NotComparableError("no test sample is in both revisions")
    pairs = pairs[~other_photo(pairs)]
    if pairs.empty:
        raise NotComparableError("each shared test sample has another photo now, under the same name")
    kept = pairs[pairs["target"] == pairs["target" + BASE]].reset_index(drop=True)
    if kept.empty:
        raise NotComparableError(f"each of the {len(pairs)} shared test samples has another label now")
    return kept, len(pairs) - len(kept)


def other_photo(pairs: pd.DataFrame) -> pd.Series[bool]:
    """Return for each sample, with columns of both revisions, whether its photo has other bytes than in the base.

    Not known, and so False, where a revision is from before samples had a hash.
    """
    if not {PHOTO, PHOTO + BASE} <= set(pairs):
        return pd.Series(False, index=pairs.index)
    both = pairs[[PHOTO, PHOTO + BASE]].notna().all(axis=1)
    return both & (pairs[PHOTO] != pairs[PHOTO + BASE])


def _check(predictions: pd.DataFrame) -> None:
    """Raise `NotComparableError` for a table that evaluate did not write, or that is from a diverged model."""
    absent = [name for name in ("target", PREDICTION) if name not in predictions]
    if absent:
        raise NotComparableError(f"the predictions have no column {', '.join(absent)}")
    if not finite_rows(predictions).all():
        raise NotComparableError("there are predictions that are not finite numbers, so a model has diverged")


def one_side(pairs: pd.DataFrame, suffix: str) -> pd.DataFrame:
    """Return the predictions of one revision, for suffix ` (base)` or none, with the shared samples as rows."""
    names = [str(name) for name in pairs if str(name).endswith(BASE) == bool(suffix)]
    return pairs[names].rename(columns=lambda name: str(name).removesuffix(suffix))


def by_decile(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the mean of the target and both predictions, in up to ten bins of equal size by target."""
    order = pairs["target"].rank(method="first") - 1
    bins = np.floor(order * min(BINS, len(pairs)) / len(pairs)).astype(int)
    return pairs.groupby(bins)[["target", PREDICTION + BASE, PREDICTION]].mean()


def f1_by_class(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return F1 of each class that occurs: columns `before`, `after`, `change`; the largest change first."""
    names = sorted({*pairs["target"], *pairs[PREDICTION], *pairs[PREDICTION + BASE]})
    columns = {
        "before": [_f1(pairs["target"] == name, pairs[PREDICTION + BASE] == name) for name in names],
        "after": [_f1(pairs["target"] == name, pairs[PREDICTION] == name) for name in names],
    }
    scores = pd.DataFrame(columns, index=names)
    scores["change"] = scores["after"] - scores["before"]
    return scores.sort_values("change", key=np.abs, ascending=False, kind="stable")


def _f1(true: pd.Series[bool], predicted: pd.Series[bool]) -> float:
    total = int(true.sum() + predicted.sum())
    return 2 * int((true & predicted).sum()) / total if total else 0.0
