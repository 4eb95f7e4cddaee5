"""What the model has to beat: the guess of the mean or the majority, and the random forest of `random_forest.py`.

Both give a table of predictions like the model, so that the same metrics measure them.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd

from specimen.evaluation.exchange_test import exchange_interval
from specimen.evaluation.metrics import point_metrics, score
from specimen.evaluation.random_forest import Forest
from specimen.evaluation.results import Baselines, Bounds, Difference, ForestScores
from specimen.evaluation.swapped_models import swapped_models
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import PREDICTION, as_columns
from specimen.models.task import Classification, Regression, Task

IN_GUESS = [metric.name for metric in METRICS.values() if metric.in_guess]
COMPARED = [metric.name for metric in METRICS.values() if metric.in_forest]
"""Metrics by which model and forest are compared; the first that a task has is named in the sentence about them."""


def compare(
    task: Task, predictions: pd.DataFrame, train_targets: pd.Series[Any], forest: Forest | None, resamples: int
) -> Baselines:
    """Return the metrics of the simplest guess and of the forest, if there is one, and what the model adds to it."""
    guess_name, guessed = guess(task, predictions, train_targets)
    guess_metrics = point_metrics(task, guessed)
    return Baselines(
        guess_name=guess_name,
        guess={name: guess_metrics[name] for name in IN_GUESS if name in guess_metrics},
        forest=_forest_scores(task, predictions, forest, resamples) if forest is not None else None,
    )


def _forest_scores(task: Task, predictions: pd.DataFrame, forest: Forest, resamples: int) -> ForestScores:
    scores = score(task, forest.predictions, COMPARED)
    metrics = {name: scores.metrics[name] for name in COMPARED if name in scores.metrics}
    difference = _difference(task, predictions, forest.predictions, list(metrics), resamples)
    return ForestScores(metrics, scores.intervals, difference)


def _difference(
    task: Task, model: pd.DataFrame, forest: pd.DataFrame, names: list[str], resamples: int
) -> dict[str, Difference]:
    """Return model minus forest by metric, with 95 % intervals from the exchange test."""
    models = swapped_models(model, forest, model["group"], task.name)
    differences = {}
    for name in names:
        difference = models.difference(name)
        low, high = exchange_interval(difference, models.shares, resamples=resamples)
        observed = float(difference(np.ones((1, len(models.shares))))[0])
        differences[name] = Difference(observed, Bounds(low, high) if np.isfinite([low, high]).all() else None)
    return differences


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
    probabilities = as_columns(np.tile(shares.to_numpy(), (len(samples), 1)), task.class_names)
    columns = pd.DataFrame({PREDICTION: shares.idxmax(), **probabilities}, index=samples.index)
    return "majority", pd.concat([samples[["target", "group"]], columns], axis=1)
