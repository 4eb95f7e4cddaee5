"""How often the exchange test finds a change in test splits that are drawn from the groups at hand.

Groups are drawn with replacement, and the test is made in each such test split (B. Efron and R. Tibshirani, "An
Introduction to the Bootstrap", 1993, section 25). In test splits of new objects less is found than in these, where some
groups are missing and others come twice. How much less is seen in test splits that are drawn once more, from the drawn
ones: what these find in addition is taken off (ibid., section 10).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from specimen.evaluation.exchange_test import CHUNK, TIE
from specimen.evaluation.jackknife import Floats

MOST_DRAWS, FEWEST_DRAWS = 1000, 200
"""Test splits that are drawn; fewer where there are many groups, for it takes time, and less is left to chance."""
TOSSES = 299
"""In each of them; with what was observed they make a number of which 5 % are whole."""
LEVEL = 0.05

Ints = npt.NDArray[np.int32]


class TossedSums(NamedTuple):
    """Sums over the groups of R test splits, R x (1 + `TOSSES`): with all signs positive, and with tossed signs."""

    one: Floats
    """Of the errors of the model that stays as it is."""
    other: Floats
    """Of the errors of the model that gets better."""


class DrawnSplits(NamedTuple):
    """Test splits drawn from the groups at hand, and test splits drawn from these."""

    once: TossedSums
    twice: TossedSums


def draw_splits(one: Floats, other: Floats) -> DrawnSplits:
    """Draw test splits of G groups from errors W x G: the two models may err in W ways in each group."""
    random = np.random.default_rng(0)
    ways, groups = one.shape
    draws = min(MOST_DRAWS, max(FEWEST_DRAWS, 4 * CHUNK // groups))

    def drawn_of(chosen: Ints) -> TossedSums:
        return _tossed(one, other, chosen, random.integers(ways, size=chosen.shape, dtype=np.int32))

    once = random.integers(groups, size=(draws, groups), dtype=np.int32)
    twice = np.take_along_axis(once, random.integers(groups, size=once.shape, dtype=np.int32), axis=1)
    return DrawnSplits(drawn_of(once), drawn_of(twice))


def draw_either_way(base: Floats, head: Floats) -> DrawnSplits:
    """Draw test splits from the errors of two equally good models, G each; either can be the one that gets better.

    The sums of the two are the same, because they were made equal; so they differ less than two models do in new
    groups. The difference in each group is made larger for it (HC2 of J. MacKinnon and H. White, "Some
    heteroskedasticity-consistent covariance matrix estimators", 1985), most where one group has most of the errors.
    """
    middle = (base + head) / 2
    left = np.maximum(1 - middle / middle.sum(), 1 / len(middle))
    half = (base - head) / 2 / np.sqrt(left)
    sides = np.stack([middle + half, middle - half])
    return draw_splits(sides, sides[::-1])


def chance_to_find(drawn: DrawnSplits, grows: int, change: float) -> float:
    """Return in which share of test splits it is found that errors have become `1 - change` times as large.

    What is summed up grows with this power of the errors.
    """
    once, twice = (_share_found(sums, (1 - change) ** grows) for sums in drawn)
    return min(1.0, max(0.0, 2 * once - twice))


def _tossed(one: Floats, other: Floats, chosen: Ints, way: Ints) -> TossedSums:
    """Return the sums over the chosen groups, R x G, each in one of the ways."""
    random = np.random.default_rng(1)
    draws, groups = chosen.shape
    sums = np.zeros((2, draws, 1 + TOSSES))
    step = max(1, CHUNK // draws)
    for start in range(0, groups, step):
        part = np.s_[:, start : start + step]
        signs = random.choice([-1.0, 1.0], size=(chosen[part].shape[1], 1 + TOSSES))
        signs[:, 0] = 1
        for model, errors in enumerate((one, other)):
            sums[model] += errors[way[part], chosen[part]] @ signs
    return TossedSums(*sums)


def _share_found(sums: TossedSums, left: float) -> float:
    """Return the share of test splits in which the test decides for the model with `left` of its errors."""
    differences = sums.one - left * sums.other
    observed, tossed = differences[:, 0], np.abs(differences[:, 1:])
    as_large = 1 + np.sum(tossed >= np.abs(observed)[:, None] * (1 - TIE), axis=1)  # what was observed is, too
    return float(np.mean((observed > 0) & (as_large <= LEVEL * (1 + TOSSES))))
