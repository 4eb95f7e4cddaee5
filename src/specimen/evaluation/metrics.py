"""The metrics of a table of predictions: with intervals, by the values of a column, and by class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.data.dataset.strata import strata
from specimen.evaluation.measures import measure
from specimen.evaluation.metric_intervals import metric_intervals
from specimen.evaluation.results import ClassScores, Scores
from specimen.evaluation.weighted import Measure
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION, finite_rows
from specimen.models.task import Classification, Task

WITH_INTERVAL = [metric.name for metric in METRICS.values() if metric.has_interval]
WITH_INTERVAL_BY = [metric.name for metric in METRICS.values() if metric.has_interval_by_group]


def score(task: Task, predictions: pd.DataFrame, names: Iterable[str] = WITH_INTERVAL) -> Scores:
    """Return the metrics of a table of predictions, with 95 % intervals of the metrics in `names`.

    The table has the columns `target`, `group` and what `task.decode` gives. A metric that is not defined is left out,
    and so is an interval without a width: with one group, or where groups do not differ, nothing is known of the
    uncertainty. Raises `SpecimenError` for predictions that are not finite numbers.
    """
    _check_finite(predictions)
    measured = measure(task, predictions)
    metrics = _defined_metrics(measured, len(predictions))
    wanted = [name for name in names if name in metrics]
    return Scores(
        metrics=metrics,
        samples=len(predictions),
        groups=int(predictions["group"].nunique()),
        intervals=metric_intervals(measured, predictions["group"], wanted),
    )


def score_by(task: Task, predictions: pd.DataFrame, columns: Iterable[str]) -> dict[str, dict[str, Scores]]:
    """Return the metrics for each value of these columns. Raises `SpecimenError` for a column that is not there."""
    by: dict[str, dict[str, Scores]] = {}
    for column in columns:
        if column not in predictions:
            raise SpecimenError(
                f"evaluate.by: there is no column '{column}'. {accepted_hint(column, predictions, 'columns')}"
            )
        by[column] = {
            value: score(task, predictions[rows], WITH_INTERVAL_BY)
            for value, rows in strata(predictions[column]).items()
        }
    return by


def point_metrics(task: Task, predictions: pd.DataFrame) -> dict[str, float]:
    """Return the metrics that are defined, in the order of the registry."""
    return _defined_metrics(measure(task, predictions), len(predictions))


def _defined_metrics(measured: Measure, count: int) -> dict[str, float]:
    values = measured(np.ones((1, count)))
    return {name: float(values[name][0]) for name in METRICS if name in values and np.isfinite(values[name][0])}


@singledispatch
def per_class(task: Task, predictions: pd.DataFrame) -> dict[str, ClassScores]:
    """Return precision, recall, f1 and support of each class; numbers have no classes."""
    return {}


@per_class.register(Classification)
def _per_class(task: Classification, predictions: pd.DataFrame) -> dict[str, ClassScores]:
    names = list(task.class_names)
    precision, recall, f1, support = precision_recall_fscore_support(
        predictions["target"], predictions[PREDICTION], labels=names, zero_division=np.nan
    )
    return {
        name: ClassScores(
            precision=_defined(precision[index]),
            recall=_defined(recall[index]),
            f1=_defined(f1[index]),
            support=int(support[index]),
        )
        for index, name in enumerate(names)
    }


def _defined(score: float) -> float | None:
    return float(score) if np.isfinite(score) else None


def _check_finite(predictions: pd.DataFrame) -> None:
    """Raise `SpecimenError` for predictions that are not finite numbers."""
    wrong = int((~finite_rows(predictions)).sum())
    if wrong:
        raise SpecimenError(
            f"metrics: {wrong} of {len(predictions)} predictions are not finite numbers, so the model has diverged. "
            "Train it again with a lower train.lr, or with train.precision: fp32."
        )
