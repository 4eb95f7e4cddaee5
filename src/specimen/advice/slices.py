"""Parts of the data in which the error is larger than elsewhere, beyond chance.

The parts are the values of each property (many numbers by quarter) and what two of them have in common. Each is
compared with all other samples, by the mean error of its photos. Chance is what whole groups do when their errors are
dealt out again among all groups: photos of one plant are not independent.

Of hundreds of parts some are bad by luck. So a part has to be as far out as the worst of all parts seldom is, in 5 of
100 deals (P. H. Westfall and S. S. Young, "Resampling-Based Multiple Testing", 1993): then at most 5 in 100 data sets
name any part wrongly, and so at most 5 % of all that is named is wrong on average (the false discovery rate). The parts
may overlap as they like.

What is named first may be the reason for the rest: heavy plants are bad, so old ones are too. So when a part is named,
its errors are made as small as those elsewhere, and only what is still beyond chance is named next. A pair of
properties is named only where neither of them alone explains nearly as much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.advice.likeness import Floats
from specimen.data.dataset.strata import Rows, strata

FEWEST_GROUPS = 8
"""In a part and outside of it."""
DEALS = 999
LEVEL = 0.05
MOST_NAMED = 10
MOST_ROWS = 20_000
"""Samples that are looked at, in whole groups; of more, a random part shows the same."""
NEARLY = 0.75
"""Of the score of a pair, which one of its properties must not reach alone."""
BLOCK = 256
"""Parts that are computed at a time."""


@dataclass(frozen=True)
class Slice:
    """A part of the data."""

    conditions: tuple[tuple[str, str], ...]
    """One or two properties, each with its value."""
    rows: Rows

    @property
    def name(self) -> str:
        """As people read it."""
        return " and ".join(f"{name} {value}" for name, value in self.conditions)


@dataclass(frozen=True)
class Finding:
    """A part whose error is larger than elsewhere."""

    part: Slice
    times: float
    """Mean error in the part over that elsewhere."""
    p: float
    """How seldom the worst of all parts is as far out by chance."""


def make_slices(properties: pd.DataFrame, groups: pd.Series[Any]) -> list[Slice]:
    """Return the parts by each property, and by two of them, that have enough groups inside and outside."""
    codes = pd.factorize(groups)[0]
    singles = [
        Slice(((str(name), value),), rows)
        for name in properties
        for value, rows in strata(properties[name]).items()
        if _has_enough(rows, codes)
    ]
    pairs = (
        Slice((*one.conditions, *other.conditions), one.rows & other.rows)
        for one, other in combinations(singles, 2)
        if one.conditions[0][0] != other.conditions[0][0]
    )
    return [*singles, *(pair for pair in pairs if _has_enough(pair.rows, codes))]


def _has_enough(rows: Rows, codes: npt.NDArray[np.intp]) -> bool:
    return min(len(np.unique(codes[rows])), len(np.unique(codes[~rows]))) >= FEWEST_GROUPS


def find_slices(errors: Floats, groups: pd.Series[Any], slices: Sequence[Slice], seed: int = 0) -> list[Finding]:
    """Return the parts with larger errors (N, from 0 up) than elsewhere, the clearest first."""
    rows = _sampled(groups, seed)
    errors, kept = np.asarray(errors, np.float64)[rows], groups.iloc[rows]
    members = np.stack([part.rows[rows] for part in slices]) if slices else np.empty((0, len(rows)), bool)
    deals = _deals(kept, seed)
    candidates = np.ones(len(slices), dtype=bool)
    findings: list[Finding] = []
    while candidates.any() and len(findings) < MOST_NAMED:
        scores, chance = _scores(errors, members, deals)
        candidates &= chance <= LEVEL
        if not candidates.any():
            break
        worst = _simplest(slices, np.where(candidates, scores, -np.inf))
        inside = members[worst]
        times = float(errors[inside].mean() / errors[~inside].mean()) if errors[~inside].any() else np.inf
        findings.append(Finding(slices[worst], times, float(chance[worst])))
        errors = np.where(inside, errors / times, errors)
        candidates[worst] = False
    return findings


def _simplest(slices: Sequence[Slice], scores: Floats) -> int:
    """Return the part that is farthest out, or in place of a pair one of its properties that is nearly as far."""
    worst = int(scores.argmax())
    wider = [
        number
        for number, part in enumerate(slices)
        if len(part.conditions) == 1 and part.conditions[0] in slices[worst].conditions
    ]
    best = max(wider, key=lambda number: scores[number], default=worst)
    return best if scores[best] >= NEARLY * scores[worst] else worst


def _scores(errors: Floats, members: npt.NDArray[np.bool_], deals: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return how far out each part is, in standard deviations of its deals, and how seldom the worst is that far."""
    dealt = np.column_stack([errors, errors[deals].T]).astype(np.float32)
    totals = dealt.sum(axis=0, dtype=np.float64)
    scores = np.empty(len(members))
    worst = np.full(DEALS, -np.inf)
    for start in range(0, len(members), BLOCK):
        block = members[start : start + BLOCK]
        inside = block.sum(axis=1)[:, None]
        sums = (block.astype(np.float32) @ dealt).astype(np.float64)
        differences = sums / inside - (totals - sums) / (block.shape[1] - inside)
        by_chance = differences[:, 1:]
        spread = np.maximum(by_chance.std(axis=1), np.finfo(np.float32).eps * max(1e-30, float(np.abs(totals).max())))
        centre = by_chance.mean(axis=1)
        scores[start : start + BLOCK] = (differences[:, 0] - centre) / spread
        worst = np.maximum(worst, ((by_chance - centre[:, None]) / spread[:, None]).max(axis=0))
    ordered = np.sort(worst)
    return scores, (1 + DEALS - np.searchsorted(ordered, scores)) / (1 + DEALS)


def _deals(groups: pd.Series[Any], seed: int) -> npt.NDArray[np.intp]:
    """Return for each deal the row whose error each row gets, DEALS x N: each group gets the errors of another one.

    A group with more photos than the other one gets errors of it twice, one with fewer gets some of them.
    """
    random = np.random.default_rng(seed)
    codes = pd.factorize(groups)[0]
    order = np.argsort(codes, kind="stable")
    sizes = np.bincount(codes)
    starts = np.cumsum(sizes) - sizes
    sorted_codes = codes[order]
    places = np.arange(len(codes)) - starts[sorted_codes]
    deals = np.empty((DEALS, len(codes)), np.intp)
    for deal in deals:
        given = random.permutation(len(sizes))[sorted_codes]
        first = random.integers(0, sizes.max(), len(sizes))[sorted_codes]
        deal[order] = order[starts[given] + (places + first) % sizes[given]]
    return deals


def _sampled(groups: pd.Series[Any], seed: int) -> npt.NDArray[np.intp]:
    """Return the rows of whole groups, about `MOST_ROWS` of them."""
    if len(groups) <= MOST_ROWS:
        return np.arange(len(groups))
    codes = pd.factorize(groups)[0]
    order = np.random.default_rng(seed).permutation(codes.max() + 1)
    reached = np.cumsum(np.bincount(codes)[order])
    return np.flatnonzero(np.isin(codes, order[reached <= MOST_ROWS]))
