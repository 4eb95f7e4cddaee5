"""Numbers from the table of predictions: columns `target` and `prediction`, and `p: <class>` for classes.

Each set of metrics stands beside what the simplest guess would have got: the mean of the train split, or its most
frequent class.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics as sk

from specimen.errors import SpecimenError
from specimen.task import Classification, Regression, Task


@singledispatch
def score(task: Task, predictions: pd.DataFrame, train_targets: pd.Series[Any]) -> dict[str, Any]:
    """Return the metrics of a table of predictions, with those of the simplest guess under `baseline`."""
    raise NotImplementedError(type(task).__name__)


@score.register(Regression)
def _score_regression(task: Regression, predictions: pd.DataFrame, train_targets: pd.Series[Any]) -> dict[str, Any]:
    target = predictions["target"].to_numpy(np.float64)
    mean = np.full_like(target, train_targets.mean())
    baseline = regression(target, mean)
    return {
        **regression(target, predictions["prediction"].to_numpy(np.float64)),
        "samples": len(target),
        "baseline": {name: baseline[name] for name in ("rmse", "mae")},
    }


@score.register(Classification)
def _score_classification(
    task: Classification, predictions: pd.DataFrame, train_targets: pd.Series[Any]
) -> dict[str, Any]:
    majority = train_targets.mode().iloc[0]
    frequencies = train_targets.value_counts(normalize=True).reindex(list(task.class_names), fill_value=0.0)
    guess = np.tile(frequencies.to_numpy(), (len(predictions), 1))
    probabilities = predictions[[f"p: {name}" for name in task.class_names]].to_numpy(np.float64)
    target, names = predictions["target"], task.class_names
    baseline = classification(target, pd.Series(majority, index=target.index), guess, names)
    return {
        **classification(target, predictions["prediction"], probabilities, names),
        "samples": len(target),
        "baseline": {name: baseline[name] for name in ("accuracy", "balanced_accuracy", "log_loss")},
    }


def regression(target: np.ndarray[Any, Any], prediction: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return rmse, mae, r2 and bias (mean of prediction minus target), in the unit of the target."""
    _check_finite(prediction)
    return {
        "rmse": float(sk.root_mean_squared_error(target, prediction)),
        "mae": float(sk.mean_absolute_error(target, prediction)),
        # A single sample has no spread to explain; scikit-learn says 0 of a constant target, but NaN of this.
        "r2": float(sk.r2_score(target, prediction)) if len(target) > 1 else 0.0,
        "bias": float(np.mean(prediction - target)),
    }


def classification(
    target: pd.Series[Any], prediction: pd.Series[Any], probabilities: np.ndarray[Any, Any], names: tuple[str, ...]
) -> dict[str, float]:
    """Return accuracy, balanced accuracy and macro F1 over the classes in `target`, and log loss over all of them.

    `probabilities` is N x classes, in the order of `names`.
    """
    _check_finite(probabilities)
    present = sorted(target.unique())
    index = target.map({name: position for position, name in enumerate(names)}).to_numpy()
    of_target = probabilities[np.arange(len(index)), index]
    return {
        "accuracy": float(sk.accuracy_score(target, prediction)),
        "balanced_accuracy": float(np.mean([np.mean(prediction[target == name] == name) for name in present])),
        "macro_f1": float(sk.f1_score(target, prediction, labels=present, average="macro", zero_division=0)),
        # By hand: scikit-learn's log_loss wants every class in the test split and the classes sorted.
        "log_loss": float(np.mean(np.log(1 / np.clip(of_target, np.finfo(np.float64).eps, 1)))),
    }


def _check_finite(predicted: np.ndarray[Any, Any]) -> None:
    wrong = ~np.isfinite(predicted).reshape(len(predicted), -1).all(axis=1)
    if wrong.any():
        raise SpecimenError(
            f"metrics: {wrong.sum()} of {len(wrong)} predictions are no finite numbers, so the model has diverged. "
            "Train it again with a lower train.lr, or with train.precision: fp32."
        )
