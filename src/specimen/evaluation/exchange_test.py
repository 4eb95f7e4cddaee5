"""Is one of two models better? The exchange test: what if their predictions had been swapped?

If two models are equally good, then it makes no difference which of them has made which prediction. So the two
predictions of a group are swapped, or not, by the toss of a coin, for each group; an observed difference is real if few
tosses give one as large (R. A. Fisher, "The Design of Experiments", 1935, section 21; E. Noreen, "Computer-Intensive
Methods for Testing Hypotheses", 1989, chapter 2; for groups P. Good, "Permutation, Parametric and Bootstrap Tests of
Hypotheses", 2005, section 3.7). It needs no assumption about how errors are distributed: however skewed they are,
5 % of the comparisons of equal models come out wrong.

The interval of the difference comes from the same tosses. Suppose that a difference of delta were true, in each row
alike: then a swap moves it to the other model. The delta for which the observed difference is not unusual are the
interval (inversion of the test: J. S. Maritz, "Distribution-Free Statistical Methods", 1995, section 2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from specimen.evaluation.jackknife import Floats

FEWEST_GROUPS = 6
"""Of five groups, all better by chance has a probability of 2 / 2**5, more than 5 %."""
CHUNK = 2**20
"""Tosses that are made at a time."""
TIE_WEIGHT = 0.36
"""How much of a toss counts that ties with the observed difference; many do where few groups differ, as they do in an
accuracy. With a half (mid-p: H. O. Lancaster, "Significance Tests in Discrete Distributions", JASA 56, 1961) fewer than
five such groups never decide, so that little is found there. With this weight four decide if all agree, as they do by
Student's t. Whatever share of the groups differs, at most 6 in 100 test splits then give a false verdict."""
TIE = 1e-9
"""Numbers nearer than this share of the largest difference are the same: rounding has told them apart, no data."""

Swapped = Callable[[Floats], Floats]
"""From tosses R x G, 1 where a group is left as it is and 0 where it is swapped, to the R differences after that."""


def exchange_interval(
    difference: Swapped, shares: Floats, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return the ends of the interval of a difference; the test decides exactly where 0 is outside.

    `shares` are the G groups' shares of the rows. With few groups all tosses are tried, else as many as `resamples`.
    An end is infinite where there are too few groups for this level.
    """
    count = len(shares)
    observed = float(difference(np.ones((1, count)))[0])
    tosses = [(difference(kept), (2 * kept - 1) @ shares, _trivial(kept)) for kept in toss(count, resamples, seed)]
    swapped, moved, trivial = (np.concatenate(column) for column in zip(*tosses, strict=True))
    tie = TIE * max(abs(observed), float(np.abs(swapped).max(initial=0)))
    low, high = _extremes(observed, swapped[~trivial], moved[~trivial], tie)
    certain = 1 + int(trivial.sum())  # the observed one is as extreme as itself, whatever is true
    tail = (1 - level) * (certain + len(low))
    return _end(low, certain, tail, tie), -_end(-high, certain, tail, tie)


def toss(count: int, resamples: int, seed: int) -> Iterator[Floats]:
    """Yield tosses for `count` groups, a chunk at a time: all that there are, if that is at most twice `resamples`.

    To swap exactly the other groups only changes the sign, so the first group is left as it is when all are tried.
    """
    if 2 ** (count - 1) <= 2 * resamples:
        numbers = np.arange(1, 2 ** (count - 1))[:, None]
        yield 1.0 - np.hstack([np.zeros_like(numbers), numbers >> np.arange(count - 1) & 1])
        return
    random = np.random.default_rng(seed)
    step = max(1, CHUNK // count)
    for start in range(0, resamples, step):
        rows = min(step, resamples - start)
        yield random.integers(2, size=(rows, count), dtype=np.uint8).astype(np.float64)


def _trivial(kept: Floats) -> npt.NDArray[np.bool_]:
    """Return which tosses leave all as it is, or swap the models as a whole: as extreme as the observed difference."""
    swaps = kept.sum(axis=1)
    return np.asarray((swaps == 0) | (swaps == kept.shape[1]))


def _extremes(observed: float, swapped: Floats, moved: Floats, tie: float) -> tuple[Floats, Floats]:
    """Return between which true differences each toss is as extreme as the observed one.

    After a toss, a true difference delta is expected to give delta times `moved`. The toss is as extreme where
    |swapped - delta moved| >= |observed - delta|, which is between the two roots.
    """
    ends = np.stack(
        [_without_noise(observed - swapped, tie) / (1 - moved), _without_noise(observed + swapped, tie) / (1 + moved)]
    )
    return ends.min(axis=0), ends.max(axis=0)


def _without_noise(values: Floats, tie: float) -> Floats:
    return np.where(np.abs(values) <= tie, 0, values)


def _end(values: Floats, certain: int, tail: float, tie: float) -> float:
    """Return below which true difference at most `tail` tosses are as extreme as the observed one.

    Of equal values `TIE_WEIGHT` counts there, and between two values the count grows evenly.
    """
    if certain > tail:
        return -np.inf
    ordered = np.sort(values)
    first = np.flatnonzero(np.diff(ordered, prepend=-np.inf) > tie)
    counts = np.diff(first, append=len(ordered))
    reached = certain + np.cumsum(counts) - (1 - TIE_WEIGHT) * counts
    return float(np.interp(tail, reached, ordered[first]))
