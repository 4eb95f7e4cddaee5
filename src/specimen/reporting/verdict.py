"""Better, worse, or neither? Two models on the test samples that both have predicted.

Two bare numbers decide nothing: the test split is a handful of objects, and another handful would give other numbers.
Whether the difference is more than chance is decided by the exchange test in `exchange_test.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from specimen.evaluation.exchange_test import FEWEST_GROUPS, TIE, exchange_interval
from specimen.evaluation.swapped_models import SwappedModels, swapped_models
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION, probability_columns
from specimen.models.task import TASKS, Regression
from specimen.reporting.facts.verdict import Verdict, Word
from specimen.reporting.power import find_power
from specimen.reporting.shared_samples import BASE, NotComparableError, one_side, shared_samples

FALSE = 0.05
"""How often two equally good models may be called better or worse."""
FEWEST_BEYOND = 5
"""So many swaps must be beyond the bound that decides, or the bound itself is a matter of chance."""


@dataclass(frozen=True)
class RevisionPredictions:
    """The predictions of a revision, and the facts that two revisions must agree in."""

    predictions: pd.DataFrame
    task: str
    target: str
    unit: str


def default_metric(task: str) -> str:
    """Return the metric that decides unless `report.metric` names one: the one that chooses the best epoch."""
    return TASKS[task].monitor if task in TASKS else Regression.monitor


def judge(
    base: RevisionPredictions,
    head: RevisionPredictions,
    metric: str,
    *,
    resamples: int = 2000,
    seed: int = 0,
    spend: int | None = None,
) -> Verdict:
    """Compare two revisions by one metric, with `resamples` swaps of groups.

    With `spend`, 5 % of false verdicts are shared out over so many verdicts (C. Bonferroni's inequality).
    """
    try:
        check_agreement(base, head)
        pairs, relabelled = shared_samples(base.predictions, head.predictions)
        level = 1 - FALSE / (spend or 1)
        verdict = judge_pairs(pairs, head.task, metric, resamples=resamples, seed=seed, level=level)
        return replace(verdict, unit=head.unit, relabelled=relabelled)
    except NotComparableError as error:
        return Verdict("not comparable", metric, str(error), head.unit)


def check_agreement(base: RevisionPredictions, head: RevisionPredictions) -> None:
    """Raise `NotComparableError` where two revisions do not predict the same thing."""
    for what, before, after in (
        ("task", base.task, head.task),
        ("target", base.target, head.target),
        ("unit", base.unit or "none", head.unit or "none"),
    ):
        if before != after:
            raise NotComparableError(f"the {what} has changed from {before!r} to {after!r}")


def models_of(pairs: pd.DataFrame, task: str) -> SwappedModels:
    """Return the two models whose predictions are in `pairs`; a sample without a group is a group of its own."""
    groups = pairs["group"] if "group" in pairs else pairs.index.to_series()
    return swapped_models(one_side(pairs, ""), one_side(pairs, BASE), groups, task)


def judge_pairs(
    pairs: pd.DataFrame, task: str, metric: str, *, resamples: int = 2000, seed: int = 0, level: float = 0.95
) -> Verdict:
    """Compare the two models whose predictions are in `pairs`, as `shared_samples` gives them.

    Raises `NotComparableError` where the metric cannot decide, or where there are too few groups.
    """
    resamples = max(resamples, math.ceil(FEWEST_BEYOND / (1 - level)))
    models = models_of(pairs, task)
    count = len(models.shares)
    if count < FEWEST_GROUPS:
        share = "one group" if count == 1 else f"{count} groups"
        raise NotComparableError(
            f"both share {share} of test samples; with fewer than {FEWEST_GROUPS}, even a model that is better in each "
            "of them is so by chance in more than 5 % of the cases"
        )
    of_base, of_head = models.both()
    _check_metric(metric, of_base, of_head)
    before, after = of_base[metric], of_head[metric]
    if np.isclose(before, after, rtol=TIE, atol=0):  # only rounding tells them apart
        after = before
    low, high = exchange_interval(models.difference(metric), models.shares, level=level, resamples=resamples, seed=seed)
    if np.isinf([low, high]).any():
        raise NotComparableError(
            f"report.spend leaves {100 * (1 - level):.2g} % for a verdict, which {count} groups can never reach"
        )
    return Verdict(
        word_of(metric, low, high),
        metric,
        before=before,
        after=after,
        difference=after - before,
        low=low,
        high=high,
        level=level,
        samples=len(pairs),
        groups=count,
        same_predictions=_same(one_side(pairs, BASE), one_side(pairs, "")),
        power=find_power(models, metric),
    )


def _check_metric(metric: str, of_base: Mapping[str, float], of_head: Mapping[str, float]) -> None:
    """Raise `NotComparableError` for a metric that is not defined for both, or that has no better way."""
    accepted = sorted(
        name for name in of_base if METRICS[name].may_decide and np.isfinite([of_base[name], of_head[name]]).all()
    )
    if metric not in accepted:
        raise NotComparableError(f"report.metric: `{metric}` cannot decide. Accepted here: {', '.join(accepted)}")


def word_of(metric: str, low: float, high: float) -> Word:
    """Return what the interval of a difference says; NaN says nothing."""
    if low > 0 or high < 0:
        return "better" if np.sign(low) == METRICS[metric].direction else "worse"
    return "no detectable change"


def _same(base: pd.DataFrame, head: pd.DataFrame) -> bool:
    columns = [PREDICTION, *probability_columns(head)]
    return all(name in base and (base[name] == head[name]).all() for name in columns)
