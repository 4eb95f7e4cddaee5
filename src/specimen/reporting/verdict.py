"""Better, worse, or neither? Two models on the test samples that both have predicted.

Two bare numbers decide nothing: the test split is a handful of objects, and another handful would give other numbers.
Both models are measured on the same draws of whole groups, so that what makes a photo hard for both cancels out (paired
bootstrap: B. Efron and R. Tibshirani, "An Introduction to the Bootstrap", 1993, section 16.2, applied to groups).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from specimen.evaluation.bootstrap import Floats, bootstrap
from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.number_measures import measure_numbers
from specimen.evaluation.weighted import Measure
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION, class_names_of, probability_column, probability_columns
from specimen.models.task import TASKS, Regression
from specimen.reporting.facts.verdict import Verdict, Word
from specimen.reporting.shared_samples import BASE, NotComparableError, one_side, shared_samples

FEWEST_GROUPS = 20
"""With fewer groups, an interval from a bootstrap is too narrow to be trusted."""


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
    base: RevisionPredictions, head: RevisionPredictions, metric: str, *, resamples: int = 2000, seed: int = 0
) -> Verdict:
    """Compare two revisions by one metric, with intervals from `resamples` draws of groups."""
    try:
        check_agreement(base, head)
        pairs, relabelled = shared_samples(base.predictions, head.predictions)
        verdict = judge_pairs(pairs, head.task, metric, resamples=resamples, seed=seed)
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


def judge_pairs(pairs: pd.DataFrame, task: str, metric: str, *, resamples: int = 2000, seed: int = 0) -> Verdict:
    """Compare the two models whose predictions are in `pairs`, as `shared_samples` gives them.

    Raises `NotComparableError` where the metric cannot decide, or where there are too few groups.
    """
    groups = pairs["group"] if "group" in pairs else pairs.index.to_series()
    count = int(groups.nunique(dropna=False))
    if count < FEWEST_GROUPS:
        raise NotComparableError(
            f"both share {count} groups of test samples; an interval needs {FEWEST_GROUPS} or more"
        )
    measure = _MEASURES[task]
    base_predictions = one_side(pairs, BASE)
    head_predictions = one_side(pairs, "")
    of_base = measure(base_predictions)
    of_head = measure(head_predictions)
    _check_metric(metric, of_base, of_head, len(pairs))

    def statistic(weights: Floats) -> Floats:
        before = of_base(weights)[metric]
        after = of_head(weights)[metric]
        return np.stack([before, after, after - before], axis=1)

    interval = bootstrap(statistic, groups, resamples=resamples, seed=seed)
    before, after, difference = map(float, interval.estimate)
    low = float(interval.low[2])
    high = float(interval.high[2])
    return Verdict(
        _word(metric, low, high),
        metric,
        before=before,
        after=after,
        difference=difference,
        low=low,
        high=high,
        samples=len(pairs),
        groups=count,
        same_predictions=_same(base_predictions, head_predictions),
    )


def _check_metric(metric: str, of_base: Measure, of_head: Measure, rows: int) -> None:
    """Raise `NotComparableError` for a metric that one of both lacks, or that has no better way."""
    ones = np.ones((1, rows))
    measured = of_base(ones).keys() & of_head(ones).keys()
    accepted = sorted(name for name in measured if METRICS[name].may_decide)
    if metric not in accepted:
        raise NotComparableError(f"report.metric: `{metric}` cannot decide. Accepted here: {', '.join(accepted)}")


def _word(metric: str, low: float, high: float) -> Word:
    """Return what an interval of the difference says; NaN says nothing."""
    if low > 0 or high < 0:
        return "better" if np.sign(low) == METRICS[metric].direction else "worse"
    return "no detectable change"


def _same(base: pd.DataFrame, head: pd.DataFrame) -> bool:
    columns = [PREDICTION, *probability_columns(head)]
    return all(name in base and (base[name] == head[name]).all() for name in columns)


def _measure_known_classes(predictions: pd.DataFrame) -> Measure:
    """Return what measures classes; one that the model does not know has the probability 0."""
    known = class_names_of(predictions)
    names = list(dict.fromkeys([*known, *predictions["target"], *predictions[PREDICTION]]))
    unknown = {probability_column(name): 0.0 for name in names if name not in known}
    return measure_classes(predictions.assign(**unknown), names)


_MEASURES: dict[str, Callable[[pd.DataFrame], Measure]] = {
    "regression": measure_numbers,
    "classification": _measure_known_classes,
}
