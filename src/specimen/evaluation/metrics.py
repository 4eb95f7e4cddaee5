"""What stands in `metrics/test.json`: the metrics of a table of predictions, with intervals, by groups and by class."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import precision_recall_fscore_support

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.evaluation.bootstrap import bootstrap
from specimen.evaluation.measures import measure, stacked
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION, finite_rows
from specimen.models.task import Classification, Task

WITH_INTERVAL = [metric.name for metric in METRICS.values() if metric.has_interval]
WITH_INTERVAL_BY = [metric.name for metric in METRICS.values() if metric.has_interval_by_group]
FEW_VALUES = 8
"""Numbers with more different values are parted into quarters."""

Rows = npt.NDArray[np.bool_]


def score(task: Task, predictions: pd.DataFrame, *, by: Iterable[str] = (), resamples: int = 2000) -> dict[str, Any]:
    """Return all metrics of a table of predictions (columns `target`, `group` and those of `task.decode`).

    `by` names columns by whose values they are given as well. Raises `SpecimenError` for predictions that are no finite
    numbers, and for a column that is not there.
    """
    _check_finite(predictions)
    results = with_intervals(task, predictions, WITH_INTERVAL, resamples)
    parts = {"by": {name: _by(task, predictions, name, resamples) for name in by}}
    parts["per_class"] = per_class(task, predictions)
    return results | {name: part for name, part in parts.items() if part}


def _by(task: Task, predictions: pd.DataFrame, column: str, resamples: int) -> dict[str, Any]:
    if column not in predictions:
        raise SpecimenError(
            f"evaluate.by: there is no column '{column}'. {accepted_hint(column, predictions, 'columns')}"
        )
    parts = strata(predictions[column])
    return {
        label: with_intervals(task, predictions[rows], WITH_INTERVAL_BY, resamples) for label, rows in parts.items()
    }


def with_intervals(task: Task, predictions: pd.DataFrame, names: Iterable[str], resamples: int) -> dict[str, Any]:
    """Return the metrics, numbers of samples and groups, and under `interval` the 95 % intervals of those in `names`.

    A metric that is not defined is left out, and so is an interval that has no width: with one group, or where no
    resample differs, nothing is known of the uncertainty.
    """
    metrics = point_metrics(task, predictions)
    wanted = [name for name in names if name in metrics]
    found = bootstrap(stacked(measure(task, predictions), wanted), predictions["group"], resamples=resamples)
    bounds = zip(wanted, found.low.tolist(), found.high.tolist(), strict=True)
    return {
        **metrics,
        "samples": len(predictions),
        "groups": int(predictions["group"].nunique()),
        "interval": {name: {"low": low, "high": high} for name, low, high in bounds if low < high},
    }


def point_metrics(task: Task, predictions: pd.DataFrame) -> dict[str, float]:
    """Return the metrics that are defined."""
    found = measure(task, predictions)(np.ones((1, len(predictions))))
    return {name: float(values[0]) for name, values in found.items() if np.isfinite(values[0])}


def strata(column: pd.Series[Any]) -> dict[str, Rows]:
    """Return the rows of each value of a column, in order; many numbers in quarters, gaps as `missing`."""
    if not pd.api.types.is_numeric_dtype(column):
        text = column.fillna("missing").astype(str)
        return {label: (text == label).to_numpy() for label in sorted(text.unique())}
    numbers = column.astype(np.float64).replace([np.inf, -np.inf], np.nan)
    code = numbers if numbers.nunique() <= FEW_VALUES else pd.qcut(numbers, 4, labels=False, duplicates="drop")
    parts = {_span(part): (code == value).to_numpy() for value, part in numbers.groupby(code)}
    return parts | ({"missing": numbers.isna().to_numpy()} if numbers.isna().any() else {})


def _span(numbers: pd.Series[float]) -> str:
    low, high = f"{numbers.min():.6g}", f"{numbers.max():.6g}"
    return low if low == high else f"{low} to {high}"


@singledispatch
def per_class(task: Task, predictions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return precision, recall, f1 and support of each class; numbers have no classes."""
    return {}


@per_class.register(Classification)
def _per_class(task: Classification, predictions: pd.DataFrame) -> dict[str, dict[str, float]]:
    """What is not defined, as the recall of a class that test does not have, is left out."""
    names = list(task.class_names)
    *scores, support = precision_recall_fscore_support(
        predictions["target"], predictions[PREDICTION], labels=names, zero_division=np.nan
    )
    table = pd.DataFrame(dict(zip(("precision", "recall", "f1"), scores, strict=True)), index=names)
    return {
        name: {str(kind): float(value) for kind, value in row.dropna().items()} | {"support": int(count)}
        for name, (_, row), count in zip(names, table.iterrows(), support, strict=True)
    }


def _check_finite(predictions: pd.DataFrame) -> None:
    """Raise `SpecimenError` for predictions that are no finite numbers."""
    wrong = int((~finite_rows(predictions)).sum())
    if wrong:
        raise SpecimenError(
            f"metrics: {wrong} of {len(predictions)} predictions are no finite numbers, so the model has diverged. "
            "Train it again with a lower train.lr, or with train.precision: fp32."
        )
