"""Confidence intervals of metrics, leaving out one group after the other.

Photos of one object are alike, so rows are not independent draws, but their groups are: how much a metric changes when
a group is left out says how much it would change with other groups (the jackknife: B. Efron and R. Tibshirani, "An
Introduction to the Bootstrap", 1993, chapter 11). There are no random numbers in it, so that the same predictions have
the same intervals on every machine.

Errors are skewed: a few samples make up most of an RMSE, and a test split without such samples flatters. P. Hall, "On
the removal of skewness by transformation", Journal of the Royal Statistical Society B 54, 1992, takes the skewness that
the groups show into account, and Student's interval of the logarithm one that they may not show. Shares, such as an
accuracy, get the interval of E. B. Wilson, JASA 22, 1927, for as many independent samples as the groups are worth (L.
Kish, "Survey Sampling", 1965, section 8.2).
"""

from __future__ import annotations

import math
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
FREEDOM_OF_GIANTS = 3.0
"""Degrees of freedom that one giant group among many leaves."""
MOST_OF_LOGARITHM = 3.2
"""How many standard errors the interval of a logarithm reaches at most: with two or three groups, Student's would be
thousands of times as large at one end as at the other."""


NOT_KNOWN = (np.nan,) * 4
"""Error, skewness and reaches."""


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
    far_reach: float
    """The same where the standard error rests on the few groups that matter most."""


def jackknife(statistic: Statistic, groups: Any, *, level: float = 0.95) -> list[Spread]:
    """Return the K values of a statistic and how they vary; `groups` names the group of each of the N rows.

    Weights of one are the rows as they are. Where the statistic is not defined without a group (NaN), that group does
    not count.
    """
    codes, names = pd.factorize(np.asarray(groups), sort=True, use_na_sentinel=False)
    estimates = statistic(np.ones((1, len(codes))))[0]
    if len(names) < 2:
        return [Spread(float(estimate), *NOT_KNOWN) for estimate in estimates]
    kept = [flags[:, codes] for flags in _leave_out(len(names), len(codes))]
    without = np.concatenate([statistic(rows) for rows in kept])
    shares = 1 - np.concatenate([rows.mean(axis=1) for rows in kept])
    freedom = _freedom(shares)
    return [
        _spread(float(estimate), column, freedom, (1 + level) / 2)
        for estimate, column in zip(estimates, without.T, strict=True)
    ]


def _freedom(shares: Floats) -> float:
    """Return how many degrees of freedom a variance has that is estimated from groups with these shares of the rows.

    What a group adds to a variance grows with the square of its size (F. E. Satterthwaite, "An Approximate Distribution
    of Estimates of Variance Components", Biometrics Bulletin 2, 1946). Where a single group makes up most of it, its
    photos are not all alike, so that as many are left as such groups are worth in a mean, up to `FREEDOM_OF_GIANTS`.
    """
    squares = shares**2
    of_variance = squares.sum() ** 2 / np.sum(squares**2) - 1
    of_mean = 1 / squares.sum() - 1
    return float(max(of_variance, min(of_mean, FREEDOM_OF_GIANTS), 1))


def _leave_out(count: int, rows: int) -> Iterator[Floats]:
    """Yield 0 for the groups of one block after the other, and 1 for the rest."""
    blocks = min(count, BLOCKS)
    block = np.random.default_rng(0).permutation(count) % blocks
    step = max(1, CHUNK // rows)
    for start in range(0, blocks, step):
        yield (block != np.arange(start, min(start + step, blocks))[:, None]).astype(np.float64)


def _spread(estimate: float, without: Floats, freedom: float, quantile: float) -> Spread:
    without = without[np.isfinite(without)]
    count = len(without)
    if count < 2 or not np.isfinite(estimate):
        return Spread(estimate, *NOT_KNOWN)
    influence = without.mean() - without
    squares = float(np.sum(influence**2))
    if squares <= (1e-12 * abs(estimate)) ** 2:  # the groups are alike; what is left is rounding
        return Spread(estimate, 0.0, 0.0, 0.0, 0.0)
    return Spread(
        estimate,
        error=float(np.sqrt((count - 1) / count * squares)),
        skewness=float(np.sum(influence**3)) / squares**1.5,
        reach=float(stdtrit(freedom, quantile)),
        far_reach=float(stdtrit(min(freedom, _freedom_of_tails(influence)), quantile)),
    )


def _freedom_of_tails(influence: Floats) -> float:
    """Return how many degrees of freedom a variance has to which these groups add the squares of their influence.

    It is twice what Satterthwaite's formula gives, as it would for groups of the same kind, but at least 2: a few
    groups show less of their tails than there is, but the formula takes each for the only one of its kind.
    """
    squares = influence**2
    beyond = np.sum(squares**2) / squares.sum() ** 2 - 1 / len(squares)
    return float(max(4 / beyond, 2)) if beyond > 1e-9 else np.inf


def plain_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of Student's interval, which reaches as far to both sides; NaN where there is none."""
    return spread.estimate - spread.reach * spread.error, spread.estimate + spread.reach * spread.error


def skewed_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of Hall's interval, which reaches farther to the skewed side; NaN where there is none."""
    estimate, error, skewness, reach, _ = spread
    skew = float(np.clip(UNSEEN_SKEWNESS * skewness, -MOST_SKEWNESS, MOST_SKEWNESS))
    return estimate - error * _undo(reach, skew), estimate - error * _undo(-reach, skew)


def error_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of the interval of a mean of errors, which is never below 0; NaN where there is none.

    It is the wider of two to each side: Hall's, and Student's of the logarithm.
    """
    low, high = skewed_interval(spread)
    if not spread.error > 0:
        return low, high
    factor = math.exp(min(spread.reach, MOST_OF_LOGARITHM) * spread.error / spread.estimate)
    return max(0.0, min(low, spread.estimate / factor)), max(high, spread.estimate * factor)


def log_ratio_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of the interval of the logarithm of a ratio of means; NaN where there is none.

    It is the wider of two to each side: Hall's and Student's, because numerator and denominator are skewed to opposite
    sides, and either can be the one that few groups show too little of.
    """
    far = spread._replace(reach=spread.far_reach)
    ends = (*skewed_interval(far), *plain_interval(far))
    return min(ends), max(ends)


def _undo(end: float, skew: float) -> float:
    """Return the end of a skewed distribution from that of a symmetric one: Hall's cubic, undone."""
    if abs(skew) < 1e-6:
        return end
    return float(3 * (np.cbrt(1 + skew * (end - skew / 6)) - 1) / skew)


def share_interval(spread: Spread) -> tuple[float, float]:
    """Return the ends of the interval of a number from 0 to 1; NaN where there is none."""
    share, error, _, reach, _ = spread
    if not error > 0 or not 0 < share < 1:
        nothing = share if error == 0 else np.nan
        return nothing, nothing
    extra = (reach * error) ** 2 / (share * (1 - share))  # t squared over the number of independent samples
    centre = (share + extra / 2) / (1 + extra)
    half = np.sqrt(extra * share * (1 - share) + extra**2 / 4) / (1 + extra)
    return float(centre - half), float(centre + half)
