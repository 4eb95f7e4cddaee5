"""What the model has to beat: the guess of the mean or the majority, and the random forest of `forest.py`.

Both give a table of predictions like that of the model, so that the same metrics measure them.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from specimen.evaluation.bootstrap import bootstrap
from specimen.evaluation.measures import measure, stacked
from specimen.evaluation.metrics import point_metrics, with_intervals
from specimen.evaluation.random_forest import Forest, with_probabilities
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION
from specimen.models.task import Classification, Regression, Task

IN_GUESS = [metric.name for metric in METRICS.values() if metric.in_guess]
COMPARED = [metric.name for metric in METRICS.values() if metric.in_forest]
"""Metrics by which model and forest are compared; the first that a task has is named in the sentence about them."""


def compare(
    task: Task, predictions: pd.DataFrame, train_targets: pd.Series[Any], forest: Forest | None, resamples: int
) -> dict[str, Any]:
    """Return what stands under `baseline`: the metrics of the guess and of the forest, if there is one."""
    name, guessed = guess(task, predictions, train_targets)
    of_guess = point_metrics(task, guessed)
    results: dict[str, Any] = {name: {metric: of_guess[metric] for metric in IN_GUESS if metric in of_guess}}
    if forest is not None:
        own = with_intervals(task, forest.predictions, COMPARED, resamples)
        kept = {metric: own[metric] for metric in COMPARED if metric in own}
        difference = _difference(task, predictions, forest.predictions, list(kept), resamples)
        results["forest"] = {**kept, "interval": own["interval"], "difference": difference}
    return results


def _difference(
    task: Task, model: pd.DataFrame, forest: pd.DataFrame, names: list[str], resamples: int
) -> dict[str, Any]:
    """Return model minus forest by metric, with 95 % intervals from the same resamples of both."""
    ours, theirs = (stacked(measure(task, table), names) for table in (model, forest))
    found = bootstrap(lambda weights: ours(weights) - theirs(weights), model["group"], resamples=resamples)
    table = np.stack([found.estimate, found.low, found.high], axis=1).tolist()
    rows = {name: dict(zip(("value", "low", "high"), row, strict=True)) for name, row in zip(names, table, strict=True)}
    return {name: {key: value for key, value in row.items() if np.isfinite(value)} for name, row in rows.items()}


@singledispatch
def guess(task: Task, samples: pd.DataFrame, train_targets: pd.Series[Any]) -> tuple[str, pd.DataFrame]:
    """Return the name of the simplest guess, and its predictions: the samples with the columns of a prediction."""
    raise NotImplementedError(type(task).__name__)


@guess.register(Regression)
def _guess_number(task: Regression, samples: pd.DataFrame, train_targets: pd.Series[Any]) -> tuple[str, pd.DataFrame]:
    return "mean", samples[["target", "group"]].assign(**{PREDICTION: float(train_targets.mean())})


@guess.register(Classification)
def _guess_class(
    task: Classification, samples: pd.DataFrame, train_targets: pd.Series[Any]
) -> tuple[str, pd.DataFrame]:
    shares = train_targets.value_counts(normalize=True).reindex(list(task.class_names), fill_value=0.0)
    return "majority", with_probabilities(task, samples, np.tile(shares.to_numpy(), (len(samples), 1)))
