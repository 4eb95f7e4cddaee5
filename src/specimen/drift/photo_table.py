"""Photos as rows of numbers, with the unit that counts as one observation: an object of training, a day of serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.data.dataset.store import Store
from specimen.drift.photo_record import PhotoRecord
from specimen.drift.picture_statistics import PICTURE_STATISTICS, picture_statistics
from specimen.models.meta import ModelMeta
from specimen.models.predictions import CONFIDENCE, DISTANCE, PREDICTION
from specimen.models.predictor import Predictor, predict_split
from specimen.models.task import Classification

OF_THE_MODEL = (PREDICTION, CONFIDENCE, DISTANCE)
"""What only photos have that this very model has predicted, and of training only photos that it was not fitted to."""
SIZES = ("megapixels", "aspect")
"""Of the file; the prepared data does not know it, so only two periods can be compared."""


@dataclass(frozen=True)
class PhotoTable:
    """Measures of photos."""

    values: pd.DataFrame
    """One row for each photo and one column for each measure; NaN where a photo has none."""
    units: pd.Series[str]
    """The group or the day of each photo: photos of one unit are no independent evidence."""
    shares: frozenset[str]
    """Measures that are 0 or 1."""

    @cached_property
    def _unit_numbers(self) -> npt.NDArray[np.intp]:
        return pd.factorize(self.units)[0]

    def known(self, measure: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.intp]]:
        """Return the values of a measure that are known, and the number of the unit of each."""
        if measure not in self.values:
            return np.empty(0), np.empty(0, np.intp)
        values = self.values[measure].to_numpy(np.float64)
        rows = ~np.isnan(values)
        return values[rows], self._unit_numbers[rows]

    def part(self, rows: pd.Series[bool]) -> PhotoTable:
        """Return some of the photos."""
        return PhotoTable(self.values[rows], self.units[rows], self.shares)


def training_table(store: Store, predictor: Predictor) -> PhotoTable:
    """Return the photos of train and val; test is left to evaluate.

    What the model says is known of val alone: of the photos that it was fitted to, it is too sure.
    """
    rows = np.concatenate([store.rows("train"), store.rows("val")])
    samples = store.samples.iloc[rows]
    pictures = pd.DataFrame([picture_statistics(store.images[row]) for row in rows], index=samples.index)
    predictions = predict_split(predictor, store, "val")
    known = predictions.reindex(index=samples.index, columns=list(OF_THE_MODEL))
    table = pd.concat([pictures, known, samples[list(predictor.meta.features)].add_prefix("feature ")], axis=1)
    return _photo_table(table, samples["group"].astype(str), predictor.meta)


def served_table(records: Sequence[PhotoRecord], meta: ModelMeta, version: str, zone: tzinfo) -> PhotoTable:
    """Return photos that a server has predicted; the day is that of a time zone."""
    rows = [
        {name: getattr(record, name) for name in (*PICTURE_STATISTICS, *OF_THE_MODEL)}
        | {"megapixels": record.width * record.height / 1e6, "aspect": record.width / record.height}
        | {f"feature {name}": record.features.get(name) for name in meta.features}
        for record in records
    ]
    columns = [*PICTURE_STATISTICS, *OF_THE_MODEL, *SIZES, *(f"feature {name}" for name in meta.features)]
    table = pd.DataFrame(rows, columns=columns)
    table.loc[[record.model != version for record in records], list(OF_THE_MODEL)] = None
    days = pd.Series([record.time.astimezone(zone).date().isoformat() for record in records], dtype=str)
    return _photo_table(table, days, meta)


def _photo_table(table: pd.DataFrame, units: pd.Series[str], meta: ModelMeta) -> PhotoTable:
    """Turn classes and categories into shares, and all else into numbers."""
    numbers: dict[str, pd.Series[Any]] = {}
    shares: dict[str, pd.Series[Any]] = {}
    for name in table.columns.intersection([*PICTURE_STATISTICS, CONFIDENCE, DISTANCE, *SIZES]):
        numbers[name] = table[name]
    if isinstance(meta.task, Classification):
        shares |= _shares(table[PREDICTION], meta.task.class_names, "predicted")
    else:
        numbers[PREDICTION] = table[PREDICTION]
    for name, feature in meta.features.items():
        column = f"feature {name}"
        cells = feature.parse(table[column])
        shares[f"{column} missing"] = cells.isna()
        match feature:
            case NumberFeature():
                numbers[column] = cells
            case CategoryFeature(categories=categories):
                shares |= _shares(cells, categories, column)
    values = pd.DataFrame(numbers | shares, index=table.index).astype(np.float64)
    return PhotoTable(values, units, frozenset(shares))


def _shares(cells: pd.Series[Any], names: Sequence[str], of: str) -> dict[str, pd.Series[Any]]:
    return {f"{of} {name}": (cells == name).astype(np.float64).where(cells.notna()) for name in names}
