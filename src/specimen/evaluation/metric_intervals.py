"""The 95 % interval of each metric, by the kind of number that it is."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from specimen.evaluation.jackknife import (
    Floats,
    Spread,
    error_interval,
    jackknife,
    log_ratio_interval,
    plain_interval,
    share_interval,
)
from specimen.evaluation.results import Bounds
from specimen.evaluation.weighted import Measure, stacked
from specimen.models.metric_registry import METRICS

Ends = tuple[float, float]


class _Scale(NamedTuple):
    """The numbers whose interval is taken in place of a metric's own."""

    of: Callable[[Floats], Floats]
    interval: Callable[[Spread], Ends]
    back: Callable[[float], float]


_SCALES = {
    # The mean of squares is a mean, as the method for errors wants it; its root is not.
    "rmse": _Scale(np.square, error_interval, math.sqrt),
    # The share of the variance that is not explained: a ratio, never below 0, so that R2 is never above 1.
    "r2": _Scale(lambda r2: np.log(1 - r2), log_ratio_interval, lambda end: -math.expm1(end)),
}


def metric_intervals(measure: Measure, groups: Any, names: Sequence[str]) -> dict[str, Bounds]:
    """Return the intervals of the named metrics of a table whose rows are in these groups.

    One without a width is left out: with one group, or where groups do not differ, nothing is known of the uncertainty.
    """
    measured = stacked(measure, names)

    def statistic(weights: Floats) -> Floats:
        values = measured(weights)
        with np.errstate(divide="ignore"):  # the R2 of a perfect model
            scaled = [_SCALES[name].of(column) if name in _SCALES else column
                      for name, column in zip(names, values.T, strict=True)]  # fmt: skip
        return np.stack(scaled, axis=1)

    ends = {
        name: _median_ends(measure.medians[name], groups) if name in measure.medians else _ends(name, spread)
        for name, spread in zip(names, jackknife(statistic, groups), strict=True)
    }
    return {name: Bounds(*ends[name]) for name in names if ends[name][0] < ends[name][1]}


def _ends(name: str, spread: Spread) -> Ends:
    metric = METRICS[name]
    if name in _SCALES:
        scale = _SCALES[name]
        low, high = sorted(scale.back(end) for end in scale.interval(spread))
        return low, high
    if metric.share:
        return share_interval(spread)
    return error_interval(spread) if metric.positive else plain_interval(spread)


def _median_ends(values: Floats, groups: Any) -> Ends:
    """Return between which values the median is: those below which half of all are, give or take its interval.

    R. S. Woodruff, "Confidence Intervals for Medians and Other Position Measures", JASA 47, 1952.
    """
    below = (values <= np.median(values)).astype(np.float64)[:, None]
    (spread,) = jackknife(lambda weights: weights @ below / weights.sum(axis=1, keepdims=True), groups)
    low, high = share_interval(spread)
    if not low < high:
        return np.nan, np.nan
    return float(np.quantile(values, low)), float(np.quantile(values, high))
