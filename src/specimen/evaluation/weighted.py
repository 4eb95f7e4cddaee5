"""Metrics as functions of how much every row of a table counts.

Weights of one give the plain metric, and a weight of 0 leaves a row out, as the jackknife does. Many weightings are
computed together, as products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from specimen.evaluation.jackknife import Floats, Statistic

Metrics = dict[str, Floats]
"""R values of each metric, by name; NaN where a metric is not defined."""


@dataclass(frozen=True)
class Measure:
    """What measures a table of N rows, given weights R x N of these rows."""

    table: Floats
    """N x K: what each row adds to the K sums that most metrics are computed from."""
    of_sums: Callable[[Floats], Metrics]
    """From sums R x K to metrics: who knows the sums of each group need not add up its rows again."""
    of_weights: Mapping[str, Callable[[Floats], Floats]] = field(default_factory=dict)
    """Metrics that no sums give, such as a median: from weights R x N to R values."""
    medians: Mapping[str, Floats] = field(default_factory=dict)
    """Of which N values a metric is the median, if it is one."""

    def __call__(self, weights: Floats) -> Metrics:
        """Return all metrics for weights R x N."""
        return self.of_sums(weights @ self.table) | {name: of(weights) for name, of in self.of_weights.items()}


class SumTable:
    """The columns that are summed, by name."""

    def __init__(self, rows: int) -> None:
        self._columns: list[Floats] = []
        self._places: dict[str, slice] = {}
        self._width = 0
        self.add("weight", np.ones(rows))

    def add(self, name: str, values: npt.NDArray[Any]) -> None:
        """Add a column of N values, or M of them as N x M."""
        columns = values.astype(np.float64).reshape(len(values), -1)
        self._columns.append(columns)
        self._places[name] = slice(self._width, self._width + columns.shape[1])
        self._width += columns.shape[1]

    def stacked(self) -> Floats:
        """Return all columns, N x K."""
        return np.hstack(self._columns)

    def sums(self, sums: Floats, name: str) -> Floats:
        """Return the part of sums R x K that belongs to a name, R x M."""
        return sums[:, self._places[name]]

    def means(self, sums: Floats, names: Sequence[str]) -> Metrics:
        """Return the weighted means of columns, R values each."""
        total = self.sums(sums, "weight")[:, 0]
        return {name: self.sums(sums, name)[:, 0] / total for name in names}


def stacked(measured: Callable[[Floats], Metrics], names: Sequence[str]) -> Statistic:
    """Return the named metrics as the columns of one array, as `jackknife` wants them."""

    def statistic(weights: Floats) -> Floats:
        metrics = measured(weights)
        return np.stack([metrics[name] for name in names], axis=1)

    return statistic
