"""Is a recipe better, or was it the dice? Several trainings of each of two recipes, which differ in their seeds.

A metric of a training varies for two reasons: another seed makes another model, and another test split has other
groups. It is the design of a reader study in radiology, where each of two methods has several readers (here trainings)
and all read the same cases (here groups). So the variance of the difference of the means is put together as there
(N. Obuchowski and H. Rockette, Communications in Statistics - Simulation 24, 1995; S. Hillis, "A marginal-mean ANOVA
approach for analyzing multireader multicase radiological imaging data", Statistics in Medicine 33, 2014, with readers
nested in methods): what trainings of one recipe vary by, plus what groups make of the difference (the jackknife), minus
what would be counted twice, because the groups are part of why trainings differ. Degrees of freedom are those of
F. Satterthwaite, Biometrics Bulletin 2, 1946. That seeds count as much as test samples is shown by X. Bouthillier et
al., "Accounting for Variance in Machine Learning Benchmarks", MLSys 2021.

`bench/trainings.py` measures how often it is wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from specimen.evaluation.exchange_test import TIE
from specimen.evaluation.jackknife import Floats, jackknife
from specimen.evaluation.swapped_models import SwappedModels
from specimen.reporting.facts.seeds import RecipeVerdict
from specimen.reporting.shared_samples import NotComparableError, sample_key, shared_samples
from specimen.reporting.verdict import models_of, word_of

FEWEST_TRAININGS = 2
"""Of each recipe: with one, nothing shows what a seed does."""


class Variance(NamedTuple):
    """The variance of a difference of means over trainings, and how much of it the seeds are."""

    total: float
    of_seeds: float
    freedom: float
    """Degrees of freedom of the total."""


def judge_recipes(
    base: Sequence[pd.DataFrame], head: Sequence[pd.DataFrame], task: str, metric: str, *, level: float = 0.95
) -> RecipeVerdict:
    """Compare tables of predictions, one a training and two at least of each recipe, on the samples that all share.

    Raises `NotComparableError` where the trainings of a recipe have not predicted the same samples.
    """
    key = sample_key(*base, *head)
    pairs = [shared_samples(*tables)[0].sort_values(key, ignore_index=True) for tables in _paired(base, head)]
    if not all(pair[key].equals(pairs[0][key]) for pair in pairs):
        raise NotComparableError("trainings of the same revision have predicted different samples")
    models = [models_of(pair, task) for pair in pairs]
    return compare_trainings(models, (len(base), len(head)), metric, level=level)


def _paired(base: Sequence[pd.DataFrame], head: Sequence[pd.DataFrame]) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
    """Return pairs in which each training occurs; where one recipe has fewer, its first one stands in."""
    return [(base[at % len(base)], head[at % len(head)]) for at in range(max(len(base), len(head)))]


def compare_trainings(
    models: Sequence[SwappedModels], counts: tuple[int, int], metric: str, *, level: float = 0.95
) -> RecipeVerdict:
    """Compare the first trainings of the base and of this revision in `models`, so many of each."""

    def measure(weights: Floats) -> list[Floats]:
        """Return the metric of each training of both recipes, R x K, for weights R x N."""
        nothing = np.zeros_like(weights)
        of_base, of_head = np.hstack([nothing, weights]), np.hstack([weights, nothing])
        return [
            np.stack([model.measure(rows)[metric] for model in models[:count]], axis=1)
            for rows, count in zip((of_base, of_head), counts, strict=True)
        ]

    base, head = (values[0] for values in measure(np.ones((1, len(models[0].codes)))))
    if not np.isfinite([*base, *head]).all():
        raise NotComparableError(f"{metric} is not defined for every training")
    before, after = float(base.mean()), float(head.mean())
    difference = 0.0 if np.isclose(before, after, rtol=TIE, atol=0) else after - before
    variance = _variance(measure, models[0], base, head)
    half = float(stdtrit(variance.freedom, (1 + level) / 2)) * variance.total**0.5
    low, high = difference - half, difference + half
    apart = [abs(one - other) for values in (base, head) for one, other in itertools.combinations(values, 2)]
    return RecipeVerdict(
        word=word_of(metric, low, high),
        metric=metric,
        before=before,
        after=after,
        low=low,
        high=high,
        level=level,
        base_trainings=counts[0],
        head_trainings=counts[1],
        apart=float(np.mean(apart)),
        from_seeds=min(variance.of_seeds / variance.total, 1.0) if variance.total else 0.0,
    )


def _variance(measure: Callable[[Floats], list[Floats]], models: SwappedModels, base: Floats, head: Floats) -> Variance:
    def statistic(weights: Floats) -> Floats:
        """Return the difference of the means, then how much each training is above the mean of its recipe."""
        means = [(values, values.mean(axis=1, keepdims=True)) for values in measure(weights)]
        return np.hstack([means[1][1] - means[0][1], *(values - mean for values, mean in means)])

    of_difference, *of_trainings = (spread.error**2 for spread in jackknife(statistic, models.codes))
    counts = np.array([len(base), len(head)])
    own = np.array([base.var(ddof=1), head.var(ddof=1)]) / counts
    interaction = np.array([sum(of_trainings[: counts[0]]), sum(of_trainings[counts[0] :])]) / (counts - 1) / counts
    seeds = float(own.sum())
    # In truth each source alone is at most the total.
    total = max(of_difference, seeds, of_difference + seeds - float(interaction.sum()))
    worth = 1 / float(np.sum(models.shares**2))  # as in the jackknife, groups of the same size
    parts = of_difference**2 / max(worth - 1, 1) + float(np.sum(own**2 / (counts - 1)))
    return Variance(total, seeds, total**2 / parts if parts else 1.0)
