"""Metrics as functions of how much every row of a table counts.

Weights of one give the plain metric; the numbers of times that rows are drawn give what the bootstrap needs; and two
models on the same weights give their difference. All resamples are computed together, as products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from specimen.evaluation.bootstrap import Floats, Statistic

Measure = Callable[[Floats], dict[str, Floats]]
"""From row weights R x N to the metrics by name, R values each; NaN where a metric is not defined."""


def weighted_means(columns: Mapping[str, npt.NDArray[Any]]) -> Measure:
    """Return the function from weights R x N to the R weighted means of each column of N values."""
    table = np.stack([column.astype(np.float64) for column in columns.values()], axis=1)

    def means(weights: Floats) -> dict[str, Floats]:
        values = weights @ table / weights.sum(axis=1, keepdims=True)
        return dict(zip(columns, values.T, strict=True))

    return means


def stacked(measured: Measure, names: Sequence[str]) -> Statistic:
    """Return the named metrics as the columns of one array, as `bootstrap` wants them."""

    def statistic(weights: Floats) -> Floats:
        metrics = measured(weights)
        return np.stack([metrics[name] for name in names], axis=1)

    return statistic
