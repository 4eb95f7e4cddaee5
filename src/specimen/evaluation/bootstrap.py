"""Confidence intervals by the bootstrap, resampling groups.

Photos of one object are alike, so rows are not independent draws, but their groups are: whole groups are drawn with
replacement (A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 3.8). The
intervals are BCa, corrected for bias and skewness (B. Efron, "Better bootstrap confidence intervals", JASA 82, 1987),
with tails widened for few groups (T. Hesterberg, "What teachers should know about the bootstrap", The American
Statistician 69, 2015: the expanded percentile interval).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import ndtr, ndtri, stdtrit

Floats = npt.NDArray[np.float64]
Statistic = Callable[[Floats], Floats]
"""From row weights R x N (how often each row is drawn) to R x K values."""

CHUNK = 2**20
"""Weights that are made at a time: 8 MiB, so that they stay near the processor."""
BLOCKS = 200
"""The jackknife leaves out at most this many blocks of groups, each in turn; more would not change its skewness."""


@dataclass(frozen=True)
class Interval:
    """K estimates with their bounds; bounds are NaN where there are none, as with one group."""

    estimate: Floats
    low: Floats
    high: Floats


def bootstrap(
    statistic: Statistic, groups: Any, *, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Interval:
    """Return a statistic of all rows, and its confidence interval of this level.

    `groups` names the group of each of the N rows. Weights of one are the rows as they are. A draw in which the
    statistic is not defined (NaN) does not count. For the difference of two models let `statistic` be the difference:
    then both are measured on the same draws.
    """
    codes, names = pd.factorize(np.asarray(groups), use_na_sentinel=False)
    estimate = statistic(np.ones((1, len(codes))))[0]
    if len(names) < 2:
        unknown = np.full_like(estimate, np.nan)
        return Interval(estimate, unknown, unknown)
    random = np.random.default_rng(seed)
    drawn = np.concatenate([statistic(counts[:, codes]) for counts in _draws(random, len(names), resamples)])
    without = np.concatenate([statistic(kept[:, codes]) for kept in _leave_out(random, len(names), len(codes))])
    tail = expanded_quantile(level, len(names))
    bounds = [_bca(*column, tail) for column in zip(estimate, drawn.T, without.T, strict=True)]
    low, high = np.array(bounds, dtype=np.float64).reshape(-1, 2).T
    return Interval(estimate, low, high)


def expanded_quantile(level: float, groups: int) -> float:
    """Return how many standard errors of a bootstrap an interval of this level reaches to each side.

    The spread of few groups is too small by a known factor, and uncertain: Student's t replaces the normal
    (T. Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician 69, 2015, section 5.3).
    """
    return float(stdtrit(groups - 1, (1 + level) / 2) * np.sqrt(groups / (groups - 1)))


def _draws(random: np.random.Generator, count: int, resamples: int) -> Iterator[Floats]:
    """Yield how often each of `count` groups is drawn, a chunk of resamples at a time."""
    step = max(1, CHUNK // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        picks = random.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        yield np.bincount(picks.ravel(), minlength=rows * count).reshape(rows, count).astype(np.float64)


def _leave_out(random: np.random.Generator, count: int, rows: int) -> Iterator[Floats]:
    """Yield 0 for the groups of one block after the other, and 1 for the rest."""
    blocks = min(count, BLOCKS)
    block = random.permutation(count) % blocks
    step = max(1, CHUNK // rows)
    for start in range(0, blocks, step):
        yield (block != np.arange(start, min(start + step, blocks))[:, None]).astype(np.float64)


def _bca(estimate: float, drawn: Floats, without: Floats, tail: float) -> tuple[float, float]:
    """Return the BCa bounds of one statistic; if it were normal, they would be `tail` standard deviations away.

    Where BCa is not defined, as when all draws lie on one side of the estimate, they are the plain percentiles.
    """
    drawn = drawn[np.isfinite(drawn)]
    without = without[np.isfinite(without)]
    if not np.isfinite(estimate) or not len(drawn):
        return np.nan, np.nan
    ends = np.array([-tail, tail])
    # Draws that tie with the estimate, as they often do for a share, count half on either side.
    bias = ndtri((np.mean(drawn < estimate) + np.mean(drawn <= estimate)) / 2)
    influence = without.mean() - without if len(without) else np.zeros(1)
    spread = np.sum(influence**2)
    skewness = np.sum(influence**3) / (6 * spread**1.5) if spread > 0 else 0.0
    shifted = bias + ends
    scale = 1 - skewness * shifted
    if np.isfinite(bias) and (scale > 0).all():
        ends = bias + shifted / scale
    low, high = np.quantile(drawn, ndtr(ends))
    return float(low), float(high)
