"""What a test split can find: how large a change must be for the exchange test to find it in 8 of 10 cases.

The power of a test is computed from how the two models differ group by group (J. Cohen, "Statistical Power Analysis for
the Behavioral Sciences", 1988, chapter 1, for a paired comparison; the spread comes from the data instead of a table).
Where a few groups make up most of an error, a test split with many of them finds less than one with few, and no normal
distribution says how often there are many. So for errors, `drawn_splits.py` looks in drawn test splits how often a
change is found. `bench/truth.py power` compares what is said here with what the test finds.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

from specimen.evaluation.jackknife import Floats
from specimen.evaluation.swapped_models import SwappedModels
from specimen.models.metric_registry import METRICS
from specimen.reporting.drawn_splits import DrawnSplits, chance_to_find, draw_either_way
from specimen.reporting.facts.verdict import Power
from specimen.reporting.pair_sums import PairSums, pair_sums

OFTEN = 0.8
USUAL = float(ndtri(OFTEN))
"""How many standard deviations beyond the bound a difference is that is found in 8 of 10 cases."""
REACH = float(ndtri(0.975))
"""How many standard deviations of swapped differences an observed one must reach."""
MEAN_ERRORS = {
    "rmse": ("mse", 2),
    "mse": ("mse", 1),
    "mae": ("mae", 1),
    "mape": ("mape", 1),
    "log_loss": ("log_loss", 1),
}
"""Metrics that are means of errors: of which mean, and by which power of the metric that mean grows."""
AIM_SHARE = 0.1
"""For which change the groups that it takes are named: a tenth of an error, ..."""
AIM_POINTS = 0.02
"""... two points of a share."""
MOST_GROUPS = 1000
"""More groups do not change what is known of the spread."""
STEPS = 40
"""Of the search by the formula, where the groups hardly differ; ..."""
STEPS_DRAWN = 14
"""... in drawn test splits, of which more would only be noise."""
FEWEST_ERRORS = 3
"""Groups in which each model must err: from fewer, nothing can be said of others."""
LARGEST = 0.999
"""The share of an error that is gone; a change that is not found even then is not named."""
MOST_DOUBT = 0.6
SMALLEST_VARIANCE = 0.05
SMALLEST_SQUARES = float(np.sqrt(np.finfo(np.float64).tiny))
"""So that no division by 0 follows where the drawn groups have no errors at all."""
NO_DIFFERENCE = 1e-9
"""Of the squared errors: two models that differ by less have made the same errors, up to a factor."""


def find_power(models: SwappedModels, metric: str) -> Power | None:
    """Return what a test split can find, judged by two models on it; None where they do not differ at all."""
    if metric in MEAN_ERRORS:
        mean, grows = MEAN_ERRORS[metric]
        base, head = models.errors(mean)
        if min(np.count_nonzero(base), np.count_nonzero(head)) < FEWEST_ERRORS:
            return None
        base, head = base / base.sum(), head / head.sum()
        return power_of_errors(pair_sums(base, head), draw_either_way(base, head), grows)
    aim = AIM_POINTS if METRICS[metric].share else None
    return power_of_changes(models.changes_of_groups(metric, MOST_GROUPS), len(models.shares), aim)


def power_of_errors(sums: PairSums, drawn: DrawnSplits, grows: int) -> Power | None:
    """Return by which share an error must change to be found, from what `pair_sums` and `draw_splits` return."""
    if sums.products[2, 0][0] - sums.products[1, 1][0] <= NO_DIFFERENCE * sums.products[2, 0][0]:
        return None

    def is_found(change: Floats) -> npt.NDArray[np.bool_]:
        return np.array([chance_to_find(drawn, grows, float(change[0])) >= OFTEN])

    found = _smallest(is_found, 1, STEPS_DRAWN)
    by_formula = _smallest(lambda change: _groups_for(sums, grows, change) <= sums.groups, len(sums.groups), STEPS)
    # What a group adds to the doubt is nearly the same by both, and the formula is faster.
    change, ends, factor = _with_doubt(by_formula * found / by_formula[0])
    if not change < LARGEST:
        return None
    needed = _groups_for(sums, grows, AIM_SHARE) / _groups_for(sums, grows, float(found[0])) * sums.groups
    return Power(change, *ends, AIM_SHARE, math.ceil(float(needed[0]) * factor**2), relative=True)


def _smallest(is_found: Callable[[Floats], npt.NDArray[np.bool_]], count: int, steps: int) -> Floats:
    """Return the smallest change that is found, so many at a time."""
    low, high = np.zeros(count), np.full(count, LARGEST)
    for _ in range(steps):
        middle = (low + high) / 2
        found = is_found(middle)
        low, high = np.where(found, low, middle), np.where(found, middle, high)
    return high


def power_of_changes(changes: Floats, groups: int, aim: float | None = None) -> Power | None:
    """Return by how much a metric must change to be found, from what some of the groups add to the difference.

    Without an aim, it is half of that change. With one, the metric is a share, which cannot change by more than 1.
    """
    squares = np.sum(changes**2)
    if not squares > 0:
        return None
    without = np.concatenate([[squares], np.maximum(squares - changes**2, 0)])
    detectable = (REACH + USUAL) * np.sqrt(without * groups / (len(changes) - 1))
    change, ends, _ = _with_doubt(detectable)
    if aim and change >= 1:
        return None
    aim = aim or change / 2
    return Power(change, *ends, aim, math.ceil(groups * (change / aim) ** 2), relative=False)


def _groups_for(sums: PairSums, grows: int, change: Floats | float) -> Floats:
    """Return how many groups it takes to find a change in 8 of 10 cases, R: the ratio grows with the root of them."""
    ratio, bound, spread = _ratio(sums, grows, change)
    return sums.groups * ((bound + USUAL * spread) / ratio) ** 2


def _ratio(sums: PairSums, grows: int, change: Floats | float) -> tuple[Floats, Floats, Floats]:
    """Return the expected ratio of the difference to what chance makes of it, its bound, and its spread, R each.

    Of a group, one model has the error a, the other b times what the change leaves of it, and d is their difference.
    The test compares the sum of d with the root of the sum of d**2. How large the ratio must be follows from the fourth
    moment of d, since few groups with a large d leave few sums of tossed signs (Cornish and Fisher's expansion). The
    spread of the ratio is that of its linear approximation, as groups with a large d make both of its parts large.
    """
    left = (1 - change) ** grows

    def moment(order: int) -> Floats:
        terms = (math.comb(order, j) * (-left) ** j * sums.products[order - j, j] for j in range(order + 1))
        return np.asarray(sum(terms))

    squares = np.maximum(moment(2), SMALLEST_SQUARES)
    ratio = moment(1) / np.sqrt(squares)
    variance = 1 - ratio * moment(3) / squares**1.5 + ratio**2 * moment(4) / (4 * squares**2)
    variance -= ratio**2 / (4 * sums.groups)
    bound = REACH - (REACH**3 - 3 * REACH) / 12 * moment(4) / squares**2
    return ratio, bound, np.sqrt(np.maximum(variance, SMALLEST_VARIANCE) * sums.groups / (sums.groups - 1))


def _with_doubt(detectable: Floats) -> tuple[float, tuple[float, float], float]:
    """Return the change to be named, its 95 % interval, and by which factor doubt has made it larger.

    The first value is the estimate, the others are those without one group each. It is estimated from a few groups, and
    too small a change is missed more often than too large a one is found: so that it is found in 8 of 10 cases on
    average over test splits, it is larger than the estimate.
    """
    logs = np.log(np.maximum(detectable, np.finfo(np.float64).tiny))
    error = min(_error(logs), MOST_DOUBT)
    root = math.sqrt(1 + (REACH**2 - USUAL**2) * error**2)
    factor = (REACH + USUAL * root) / (1 - (USUAL * error) ** 2) / (REACH + USUAL)
    change = factor * float(detectable[0])
    width = math.exp(float(stdtrit(len(logs) - 2, 0.975)) * error)
    return change, (change / width, change * width), factor


def _error(values: Floats) -> float:
    """Return the standard error of the first value from those without one group each (jackknife)."""
    without = values[1:]
    return float(np.sqrt((len(without) - 1) / len(without) * np.sum((without - without.mean()) ** 2)))
