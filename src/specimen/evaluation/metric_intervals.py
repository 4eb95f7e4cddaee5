"""The 95 % interval of each metric, by the kind of number that it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from specimen.evaluation.jackknife import Floats, jackknife, share_interval, skewed_interval
from specimen.evaluation.results import Bounds
from specimen.evaluation.weighted import Measure, stacked
from specimen.models.metric_registry import METRICS

Ends = tuple[float, float]


def metric_intervals(measure: Measure, groups: Any, names: Sequence[str]) -> dict[str, Bounds]:
    """Return the intervals of the named metrics of a table whose rows are in these groups.

    One without a width is left out: with one group, or where groups do not differ, nothing is known of the uncertainty.
    """
    # The mean of squares is a mean, as the method wants it; its root is not.
    measured = [_MEASURED_AS.get(name, name) for name in names]
    spreads = jackknife(stacked(measure, measured), groups)
    ends = {
        name: _ends(name, share_interval(spread) if METRICS[name].share else skewed_interval(spread))
        for name, spread in zip(names, spreads, strict=True)
        if name not in measure.medians
    }
    ends |= {name: _median_ends(measure.medians[name], groups) for name in names if name in measure.medians}
    return {name: Bounds(*ends[name]) for name in names if ends[name][0] < ends[name][1]}


_MEASURED_AS = {"rmse": "mse"}


def _ends(name: str, ends: Ends) -> Ends:
    low, high = ends
    if METRICS[name].positive:
        low = max(low, 0.0) if np.isfinite(low) else low
    return (float(np.sqrt(low)), float(np.sqrt(high))) if name in _MEASURED_AS else (low, high)


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
