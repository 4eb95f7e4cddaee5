"""How wrong each single prediction is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from specimen.models.predictions import PREDICTION, class_names_of, probability_column


def sample_errors(task_name: str, predictions: pd.DataFrame) -> pd.Series[float]:
    """Return the error of each sample, from 0 up.

    Of numbers it is their distance, in their unit; of classes, 1 minus the probability of the true one. `task_name` is
    `regression` or `classification`. A class without a column has the probability 0.
    """
    return _ERRORS[task_name](predictions)


def largest_errors(task_name: str, predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return the rows with the largest errors, the largest first."""
    errors = sample_errors(task_name, predictions)
    return predictions.loc[errors.sort_values(ascending=False, kind="stable").index[:count]]


def _distances(predictions: pd.DataFrame) -> pd.Series[float]:
    distances: pd.Series[float] = (predictions[PREDICTION] - predictions["target"]).abs()
    return distances


def _lacking_probabilities(predictions: pd.DataFrame) -> pd.Series[float]:
    errors = np.ones(len(predictions))
    for name in class_names_of(predictions):
        of_class = (predictions["target"] == name).to_numpy()
        errors[of_class] = 1 - predictions[probability_column(name)].to_numpy(np.float64)[of_class]
    return pd.Series(errors, index=predictions.index)


_ERRORS: dict[str, Callable[[pd.DataFrame], pd.Series[float]]] = {
    "regression": _distances,
    "classification": _lacking_probabilities,
}
