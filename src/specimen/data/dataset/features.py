"""Tabular features beside the picture: numbers and categories of the sheet -> a row of floats without gaps.

What is needed for it (medians, spreads, categories) is found on the train split and travels in `meta.json` and in the
model, so that prediction encodes a feature as training did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.common.cells import to_number, to_text
from specimen.common.errors import SpecimenError, accepted_hint

MAX_CATEGORIES = 50
"""A text column with more different values is an id or a remark, not a feature."""

Description = dict[str, dict[str, Any]]


def describe(train: pd.DataFrame, names: Sequence[str]) -> Description:
    """Return how to encode each feature, from the samples of the train split.

    Numbers: median, mean and std; categories: their names, sorted. Raises `SpecimenError` for a feature that is empty
    in train or has too many categories.
    """
    return {name: _describe_column(train[name], name) for name in names}


def encode(samples: pd.DataFrame, description: Description) -> npt.NDArray[np.float32]:
    """Return N x width floats: a number as its standard score and a missing flag, a category as one flag each.

    A missing number is the median of train; a missing category, or one that train did not have, sets no flag.
    Raises `SpecimenError` for a column that is not there.
    """
    parts = [_encode_column(_column(samples, name), facts) for name, facts in description.items()]
    return np.concatenate(parts, axis=1) if parts else np.empty((len(samples), 0), dtype=np.float32)


def width(description: Description) -> int:
    """Return the number of columns that `encode` gives."""
    return sum(2 if facts["kind"] == "number" else len(facts["categories"]) for facts in description.values())


def _column(samples: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in samples:
        raise SpecimenError(f"features: the model needs '{name}'. {accepted_hint(name, samples.columns, 'columns')}")
    return samples[name]


def _describe_column(column: pd.Series[Any], name: str) -> dict[str, Any]:
    if to_text(column.dropna()).isna().all():
        raise SpecimenError(f"data.features: '{name}' is empty in every sample of the train split; leave it out.")
    if pd.api.types.is_numeric_dtype(column):
        numbers = _numbers(column)
        median = float(numbers.median())
        filled = numbers.fillna(median)
        # A constant has no spread; asked for one, rounding would answer 1e-17.
        std = float(filled.std(ddof=0)) if filled.nunique() > 1 else 1.0
        return {"kind": "number", "median": median, "mean": float(filled.mean()), "std": std}
    categories = sorted(to_text(column.dropna()).dropna().unique())
    if len(categories) > MAX_CATEGORIES:
        raise SpecimenError(f"data.features: '{name}' has {len(categories)} texts, more than {MAX_CATEGORIES}.")
    return {"kind": "category", "categories": categories}


def _numbers(column: pd.Series[Any]) -> pd.Series[float]:
    """Return the numbers; one that is not finite counts as missing."""
    return to_number(column).replace([float("inf"), float("-inf")], float("nan"))


def _encode_column(column: pd.Series[Any], facts: dict[str, Any]) -> npt.NDArray[np.float32]:
    if facts["kind"] == "number":
        numbers = _numbers(column).to_numpy()
        missing = np.isnan(numbers)
        scores = (np.where(missing, facts["median"], numbers) - facts["mean"]) / facts["std"]
        return np.stack([scores, missing], axis=1).astype(np.float32)
    text = to_text(column).to_numpy()
    return np.asarray(text[:, None] == np.array(facts["categories"], dtype=object), dtype=np.float32)
