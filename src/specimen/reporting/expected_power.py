"""What a test split can find before there is a second model: from one, and how alike the errors of another are."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd

from specimen.evaluation.jackknife import Floats, jackknife
from specimen.evaluation.swapped_models import SwappedModels, swapped_models
from specimen.evaluation.weighted import stacked
from specimen.models.metric_registry import METRICS
from specimen.reporting.drawn_splits import DrawnSplits, draw_splits
from specimen.reporting.facts.verdict import Power
from specimen.reporting.pair_sums import PairSums, pair_sums
from specimen.reporting.power import (
    AIM_POINTS,
    FEWEST_ERRORS,
    MEAN_ERRORS,
    power_of_changes,
    power_of_errors,
)

MOST_SHIFTS = 16
"""So many groups in turn lend each group the error that a third model makes there."""


def single_model(predictions: pd.DataFrame, task: str) -> SwappedModels:
    """Return a model next to itself, from predictions with the columns `target` and `group`."""
    return swapped_models(predictions, predictions, predictions["group"], task)


def expected_power(models: SwappedModels, metric: str, alike: float) -> Power | None:
    """Return what a test split can find if another model is as good as this one; None where nothing varies.

    `alike` is the correlation of what the groups add to the metric of one model and of the other, from 0 to 1.
    """
    if metric in MEAN_ERRORS:
        mean, grows = MEAN_ERRORS[metric]
        errors, _ = models.errors(mean)
        if np.count_nonzero(errors) < FEWEST_ERRORS:
            return None
        drawn = _drawn_with_second_model(errors / errors.sum(), alike)
        return power_of_errors(_with_second_model(pair_sums(errors, errors), alike), drawn, grows)
    one = replace(models.measure, table=models.measure.table[: len(models.codes)], of_weights={})
    (spread,) = jackknife(stacked(one, [metric]), models.codes)
    if not spread.error > 0:
        return None
    groups = len(models.shares)
    each = spread.error * np.sqrt(2 * (1 - alike) / groups)
    return power_of_changes(np.full(groups, each), groups, AIM_POINTS if METRICS[metric].share else None)


def _drawn_with_second_model(errors: Floats, alike: float) -> DrawnSplits:
    """Return drawn test splits, with the second model of `_with_second_model`."""
    step = np.sqrt(1 - alike)
    thirds = np.stack([np.roll(errors, shift) for shift in range(1, min(len(errors), MOST_SHIFTS + 1))])
    ones = np.broadcast_to(errors, thirds.shape)
    return draw_splits(ones, (1 - step) * ones + step * thirds)


def _with_second_model(sums: PairSums, alike: float) -> PairSums:
    """Return the sums that two models have, from those of one: the other is the one, moved towards a third.

    The third model makes the same errors in other groups. How far to it decides the correlation of the differences.
    """
    step = np.sqrt(1 - alike)
    powers = [sums.groups, *(sums.products[order, 0] for order in range(1, 5))]

    def product(i: int, j: int) -> Floats:
        """Return the sum of the errors of the one to the power i times those of the other to the power j."""
        terms = (
            math.comb(j, third) * (1 - step) ** (j - third) * step**third * powers[i + j - third] * powers[third]
            for third in range(j + 1)
        )
        return np.asarray(sum(terms) / sums.groups)

    return sums._replace(products={(i, j): (product(i, j) + product(j, i)) / 2 for i, j in sums.products})
