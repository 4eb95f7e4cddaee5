"""Two models on the same test samples, whose predictions can be swapped in whole groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.exchange_test import CHUNK, Swapped
from specimen.evaluation.jackknife import Floats
from specimen.evaluation.number_measures import measure_numbers
from specimen.evaluation.weighted import Measure, Metrics
from specimen.models.predictions import (
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    class_names_of,
    probability_column,
    probability_columns,
)


@dataclass(frozen=True)
class SwappedModels:
    """The predictions of both models, and the groups in which they can be swapped."""

    measure: Measure
    """Of a table with the N rows of this revision, then the N rows of the base."""
    codes: npt.NDArray[np.int64]
    """The group of each of the N samples, from 0 to G - 1, in an order that does not depend on that of the rows."""

    @property
    def shares(self) -> Floats:
        """The groups' shares of the samples, G."""
        return np.bincount(self.codes) / len(self.codes)

    def both(self) -> tuple[dict[str, float], dict[str, float]]:
        """Return the metrics of the base and of this revision, each NaN where it is not defined."""
        ones = np.ones((1, len(self.codes)))
        of_base = self.measure(np.hstack([0 * ones, ones]))
        of_head = self.measure(np.hstack([ones, 0 * ones]))
        return _first(of_base), _first(of_head)

    def difference(self, metric: str) -> Swapped:
        """Return the function from tosses to the metric of this revision minus that of the base after the swaps."""
        if metric in self.measure.of_weights:
            return self._by_rows(self.measure.of_weights[metric])
        return self._by_sums(metric)

    def errors(self, mean: str) -> tuple[Floats, Floats]:
        """Return the sums of errors by group of the base and of this revision, G each, for a metric that is a mean."""
        of_head, of_base = (_sum_up(self.codes, half) for half in np.split(self.measure.table, 2))
        sizes = np.bincount(self.codes)
        base, head = (self.measure.of_sums(sums)[mean] * sizes for sums in (of_base, of_head))
        return base, head

    def changes_of_groups(self, metric: str, most: int) -> Floats:
        """Return what each group adds to the difference, at most `most` of them, beyond its share of the whole."""
        count = len(self.shares)
        chosen = np.random.default_rng(0).permutation(count)[:most]
        difference = self.difference(metric)
        observed = difference(np.ones((1, count)))[0]
        step = max(1, CHUNK // count)
        pieces = [chosen[start : start + step] for start in range(0, len(chosen), step)]
        without = np.concatenate([difference((np.arange(count) != piece[:, None]).astype(float)) for piece in pieces])
        return np.asarray((observed - without) / 2 - observed * self.shares[chosen])

    def _by_sums(self, metric: str) -> Swapped:
        halves = [_sum_up(self.codes, half) for half in np.split(self.measure.table, 2)]
        as_they_are, swapped = np.hstack(halves), np.hstack(halves[::-1])

        def difference(kept: Floats) -> Floats:
            # Only sums, no differences of sums: an error of 0 stays 0 whatever is rounded.
            head, base = np.hsplit(kept @ as_they_are + (1 - kept) @ swapped, 2)
            return self.measure.of_sums(head)[metric] - self.measure.of_sums(base)[metric]

        return difference

    def _by_rows(self, measured: Callable[[Floats], Floats]) -> Swapped:
        def difference(kept: Floats) -> Floats:
            of_rows = kept[:, self.codes]
            head = measured(np.hstack([of_rows, 1 - of_rows]))
            return head - measured(np.hstack([1 - of_rows, of_rows]))

        return difference


def swapped_models(head: pd.DataFrame, base: pd.DataFrame, groups: pd.Series[Any], task: str) -> SwappedModels:
    """Return two models from their predictions for the same samples in the same order, with the samples' groups."""
    codes, _ = pd.factorize(groups.astype(str), sort=True, use_na_sentinel=False)
    # Intervals and sets that only one of both has are not compared. A class that only one of both knows has the
    # probability 0 in the other.
    common = [name for name in (PREDICTION, LOW, HIGH, PREDICTION_SET) if name in head and name in base]
    classes = list(dict.fromkeys([*probability_columns(head), *probability_columns(base)]))
    columns = ["target", *common, *classes]
    both = pd.concat([side.reindex(columns=columns) for side in (head, base)], ignore_index=True)
    return SwappedModels(_MEASURES[task](both.fillna(dict.fromkeys(classes, 0.0))), np.asarray(codes, np.int64))


def _sum_up(codes: npt.NDArray[np.int64], rows: Floats) -> Floats:
    """Return the sums of N x K rows by group, G x K."""
    sums = np.zeros((codes.max() + 1, rows.shape[1]))
    np.add.at(sums, codes, rows)
    return sums


def _first(metrics: Metrics) -> dict[str, float]:
    return {name: float(values[0]) for name, values in metrics.items()}


def _measure_known_classes(predictions: pd.DataFrame) -> Measure:
    """Return what measures classes; one that neither model knows has the probability 0."""
    known = class_names_of(predictions)
    names = list(dict.fromkeys([*known, *predictions["target"], *predictions[PREDICTION]]))
    unknown = {probability_column(name): 0.0 for name in names if name not in known}
    return measure_classes(predictions.assign(**unknown), names)


_MEASURES: dict[str, Callable[[pd.DataFrame], Measure]] = {
    "regression": measure_numbers,
    "classification": _measure_known_classes,
}
