"""Confidence intervals of metrics, leaving out one group after the other.

Photos of one object are alike, so rows are not independent draws, but their groups are: how much a metric changes when
a group is left out says how much it would change with other groups (the jackknife: B. Efron and R. Tibshirani, "An
Introduction to the Bootstrap", 1993, chapter 11). There are no random numbers in it, so that the same predictions have
the same intervals on every machine.

Errors are skewed: a few samples make up most of an RMSE, and a test split without such samples flatters. P. Hall, "On
the removal of skewness by transformation", Journal of the Royal Statistical Society B 54, 1992, takes the skewness into
account. Shares, such as an accuracy, get the interval of E. B. Wilson, JASA 22, 1927, for as many independent samples
as the groups are worth (L. Kish, "Survey Sampling", 1965, section 8.2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From row weights R x N (how much each row counts) to R x K values."""

CHUNK = 2**20
"""Weights that are made at a time: 8 MiB, so that they stay near the processor."""
BLOCKS = 200
"""At most this many blocks of groups are left out, each in turn; more would not change the intervals."""
UNSEEN_SKEWNESS = 1.5
"""How much more skewed errors are than they look in a few groups: measured by `bench/truth.py`."""
MOST_SKEWNESS = 0.7
"""Beyond it Hall's transformation moves the upper end down again."""


class Spread(NamedTuple):
    """A metric of all rows, and how it varies with the groups; NaN with a single group."""

    estimate: float
    error: float
    """The standard error."""
    skewness: float
    """Of the estimate, not of single errors."""
    reach: float
    """How many standard errors a 95 % interval would reach to each side if there were no skewness: Student's t, because
    the standard error is itself uncertain with few groups."""


def jackknife(statistic: Statistic, groups: Any, *, level: float = 0.95) -> list[Spread]:
    """Return the K values of a statistic and how they vary; `groups` names the group of each of the N rows.

    Weights of one are the rows as they are. Where the statistic is not defined without a group (NaN), that group does
    not count.
    """
    codes, names = pd.factorize(np.asarray(groups), sort=True, use_na_sentinel=False)
    estimates = statistic(np.ones((1, len(codes))))[0]
    if len(names) < 2:
        return [Spread(float(estimate), np.nan, np.nan, np.nan) for estimate in estimates]
    kept = [flags[:, codes] for flags in _leave_out(len(names), len(codes))]
    without = np.concatenate([statistic(rows) for rows in kept])
    shares = 1 - np.concatenate([rows.mean(axis=1) for rows in kept])
    # One group with half of all rows is worth little more than two groups of the same size.
    worth = 1 / np.sum(shares**2)
    reach = float(stdtrit(max(worth - 1, 1), (1 + level) / 2))
    return [_spread(float(estimate), column, reach) for estimate, column in zip(estimates, without.T, strict=True)]


def _leave_out(count: int, rows: int) -> Iterator[Floats]:
    """Yield 0 for the groups of one block after the other, and 1 for the rest."""
    blocks = min(count, BLOCKS)
    block = np.random.default_rng(0).permutation(count) % blocks
    step = max(1, CHUNK // rows)
    for start in range(0, blocks, step):
        yield (block != np.arange(start, min(start + step, blocks))[:, None]).astype(np.float64)


def _spread(estimate: float, without: Floats, reach: float) -> Spread:
    without = without[np.isfinite(without)]
    count = len(without)
    if count < 2 or not np.isfinite(estimate):
        return Spread(estimate, np.nan, np.nan, np.nan)
    influence = without.mean() - without
    squares = float(np.sum(influence**2))
    if squares <= (1e-12 * abs(estimate)) ** 2:  # the groups are alike; what is left is rounding
        return Spread(estimate, 0.0, 0.0, 0.0)
    skewness = float(np.sum(influence**3)) / squares**1.5
    return Spread(estimate, float(np.sqrt((count - 1) / count * squares)), skewness, reach)


def plain_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of Student's interval, which reaches as far to both sides; NaN where there is none."""
    return spread.estimate - spread.reach * spread.error, spread.estimate + spread.reach * spread.error


def skewed_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of the interval of a mean of errors; NaN where there is none."""
    estimate, error, skewness, reach = spread
    skew = float(np.clip(UNSEEN_SKEWNESS * skewness, -MOST_SKEWNESS, MOST_SKEWNESS))
    return estimate - error * _undo(reach, skew), estimate - error * _undo(-reach, skew)


def _undo(end: float, skew: float) -> float:
    """Return the end of a skewed distribution from that of a symmetric one: Hall's cubic, undone."""
    if abs(skew) < 1e-6:
        return end
    return float(3 * (np.cbrt(1 + skew * (end - skew / 6)) - 1) / skew)


def share_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of the interval of a number from 0 to 1; NaN where there is none."""
    share, error, _, reach = spread
    if not error > 0 or not 0 < share < 1:
        nothing = share if error == 0 else np.nan
        return nothing, nothing
    extra = (reach * error) ** 2 / (share * (1 - share))  # t squared over the number of independent samples
    centre = (share + extra / 2) / (1 + extra)
    half = np.sqrt(extra * share * (1 - share) + extra**2 / 4) / (1 + extra)
    return float(centre - half), float(centre + half)
