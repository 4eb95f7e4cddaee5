"""Tabular features next to the picture: numbers and categories of the sheet -> a row of floats without gaps.

What is needed for it (medians, spreads, categories) is found on the train split and travels in `meta.json` and in the
model, so that prediction encodes a feature as training did.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field

from specimen.common.cells import to_number, to_text
from specimen.common.errors import SpecimenError, accepted_hint
from specimen.common.facts import Facts

MAX_CATEGORIES = 50
"""A text column with more different values is an id or a remark, not a feature."""


class NumberFeature(Facts):
    """A number: encoded as its standard score and a flag that says whether it is missing."""

    kind: Literal["number"] = "number"
    median: float
    """Of the train split; it replaces a missing value."""
    mean: float
    std: float

    @property
    def width(self) -> int:
        """Number of columns that `encode` gives."""
        return 2

    @property
    def accepted(self) -> str:
        """What a cell must be, for messages."""
        return "numbers"

    def encode(self, cells: pd.Series[Any]) -> npt.NDArray[np.float32]:
        """Return N x 2; a missing number is the median of train."""
        numbers = self.parse(cells).to_numpy()
        missing = np.isnan(numbers)
        with np.errstate(over="ignore"):  # what is too large for 32 bits is infinite, and has no prediction
            scores = (np.where(missing, self.median, numbers) - self.mean) / self.std
            return np.stack([scores, missing], axis=1).astype(np.float32)

    def parse(self, cells: pd.Series[Any]) -> pd.Series[float]:
        """Return the cells as numbers, NaN where one is missing or not a finite number."""
        return to_number(cells)


class CategoryFeature(Facts):
    """A category: encoded as one flag each."""

    kind: Literal["category"] = "category"
    categories: tuple[str, ...]
    """The categories of the train split, sorted."""

    @property
    def width(self) -> int:
        """Number of columns that `encode` gives."""
        return len(self.categories)

    @property
    def accepted(self) -> str:
        """What a cell must be, for messages."""
        return f"one of the model's {', '.join(self.categories)}"

    def encode(self, cells: pd.Series[Any]) -> npt.NDArray[np.float32]:
        """Return N x width; a missing category, or one that train did not have, sets no flag."""
        text = to_text(cells).to_numpy()
        return np.asarray(text[:, None] == np.array(self.categories, dtype=object), dtype=np.float32)

    def parse(self, cells: pd.Series[Any]) -> pd.Series[Any]:
        """Return the cells as text, `None` where one is missing or not a category of train."""
        text = to_text(cells)
        return text.where(text.isin(self.categories), None)


Feature = Annotated[NumberFeature | CategoryFeature, Field(discriminator="kind")]
Features = Mapping[str, NumberFeature | CategoryFeature]
"""By the names of their columns."""


def describe(train: pd.DataFrame, names: Sequence[str]) -> dict[str, NumberFeature | CategoryFeature]:
    """Return how to encode each feature, from the samples of the train split.

    Raises `SpecimenError` for a feature that is empty in train or has too many categories.
    """
    return {name: _describe_column(train[name], name) for name in names}


def encode(samples: pd.DataFrame, features: Features) -> npt.NDArray[np.float32]:
    """Return N x width floats, the columns of all features side by side.

    Raises `SpecimenError` for a column that is not there.
    """
    encoded = [feature.encode(_column(samples, name)) for name, feature in features.items()]
    return np.concatenate(encoded, axis=1) if encoded else np.empty((len(samples), 0), dtype=np.float32)


def width(features: Features) -> int:
    """Return the number of columns that `encode` gives."""
    return sum(feature.width for feature in features.values())


def _column(samples: pd.DataFrame, name: str) -> pd.Series[Any]:
    if name not in samples:
        raise SpecimenError(f"features: the model needs '{name}'. {accepted_hint(name, samples.columns, 'columns')}")
    return samples[name]


def _describe_column(column: pd.Series[Any], name: str) -> NumberFeature | CategoryFeature:
    if to_text(column.dropna()).isna().all():
        raise SpecimenError(f"data.features: '{name}' is empty in every sample of the train split; leave it out.")
    if pd.api.types.is_numeric_dtype(column):
        numbers = to_number(column)
        median = float(numbers.median())
        filled = numbers.fillna(median)
        # A constant has no spread, but rounding would give it one of 1e-17.
        with np.errstate(over="ignore", invalid="ignore"):
            std = float(filled.std(ddof=0)) if filled.nunique() > 1 else 1.0
            mean = float(filled.mean())
        if not np.isfinite([mean, std]).all():
            values = filled.to_numpy()
            largest = values[np.abs(values).argmax()]
            raise SpecimenError(f"data.features: '{name}' holds {largest:g}, which is too large to compute with.")
        return NumberFeature(median=median, mean=mean, std=std)
    categories = sorted(to_text(column.dropna()).dropna().unique())
    if len(categories) > MAX_CATEGORIES:
        raise SpecimenError(f"data.features: '{name}' has {len(categories)} texts, more than {MAX_CATEGORIES}.")
    return CategoryFeature(categories=tuple(categories))
