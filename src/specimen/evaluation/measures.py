"""The metrics, each once, as functions of how much every row of a table of predictions counts.

Weights of one give the plain metric; the numbers of times that rows are drawn give what the bootstrap needs; and two
models on the same weights give their difference. All resamples are computed together, as products of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import singledispatch

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.evaluation.bootstrap import Floats, Statistic
from specimen.models.predictions import HIGH, LOW, PREDICTION, PREDICTION_SET, parse_set, probabilities_of
from specimen.models.task import Classification, Regression, Task

Measure = Callable[[Floats], dict[str, Floats]]
"""From row weights R x N to the metrics by name, R values each; NaN where a metric is not defined."""

NEAR_ZERO = 0.25
"""A target below this share of the median target is so near to zero that its error in percent would drown the rest."""
BINS = 15
"""Of the confidences, for the calibration error, as in the paper."""
TOP = (3, 5)


@singledispatch
def measure(task: Task, predictions: pd.DataFrame) -> Measure:
    """Return the function that measures a table with the column `target` and those of `task.decode`."""
    raise NotImplementedError(type(task).__name__)


def stacked(of: Measure, names: Sequence[str]) -> Statistic:
    """Return the named metrics as the columns of one array, as `bootstrap` wants them."""

    def statistic(weights: Floats) -> Floats:
        found = of(weights)
        return np.stack([found[name] for name in names], axis=1)

    return statistic


@measure.register(Regression)
def _measure_numbers(task: Regression, predictions: pd.DataFrame) -> Measure:
    """mse, rmse, mae, median_ae, r2, bias (prediction minus target), mape, coverage and interval_width.

    mape, a share and not a percentage, is there where every target stays away from zero (see `NEAR_ZERO`), and the last
    two where predictions have intervals. r2 of a constant target is 1 if all predictions are right, else 0.
    """
    target, prediction = (predictions[name].to_numpy(np.float64) for name in ("target", PREDICTION))
    error = prediction - target
    columns = {"mse": error**2, "mae": np.abs(error), "bias": error}
    if np.abs(target).min() >= NEAR_ZERO * np.median(np.abs(target)) > 0:
        columns["mape"] = np.abs(error / target)
    if LOW in predictions:
        low, high = (predictions[name].to_numpy(np.float64) for name in (LOW, HIGH))
        columns |= {"coverage": ((low <= target) & (target <= high)).astype(np.float64), "interval_width": high - low}
    centred = target - np.median(target)  # exactly 0 for a constant, as the mean need not be
    table = np.stack([*columns.values(), centred, centred**2], axis=1)
    order = np.argsort(np.abs(error))
    sizes, noise = np.abs(error)[order], 1e-12 * np.mean(centred**2)

    def of(weights: Floats) -> dict[str, Floats]:
        *means, mean, square = (weights @ table / weights.sum(axis=1, keepdims=True)).T
        found = dict(zip(columns, means, strict=True))
        mse, variance = found.pop("mse"), square - mean**2
        constant = variance <= noise
        r2 = np.where(constant, mse == 0, 1 - mse / np.where(constant, 1, variance))
        first = {"rmse": np.sqrt(mse), "mae": found.pop("mae"), "median_ae": _median(sizes, weights[:, order])}
        return first | {"r2": r2, "bias": found.pop("bias"), "mse": mse} | found

    return of


def _median(values: Floats, weights: Floats) -> Floats:
    """Return the median of sorted values for each row of weights; between two, their mean."""
    reached = np.cumsum(weights, axis=1)
    half = reached[:, -1:] / 2
    lower, upper = (reached < half).sum(axis=1), (reached <= half).sum(axis=1)
    return np.asarray((values[lower] + values[np.minimum(upper, len(values) - 1)]) / 2)


@measure.register(Classification)
def _measure_classes(task: Classification, predictions: pd.DataFrame) -> Measure:
    """Shares of right ones, means over classes, and how far the probabilities may be trusted.

    Means over classes are over those that occur among the targets; top_3 and top_5 are there where there are more
    classes, roc_auc (of the second class) where there are two, coverage and set_size where predictions have sets.
    """
    target, prediction = (task.encode(predictions[name]) for name in ("target", PREDICTION))
    probabilities = probabilities_of(predictions, task.class_names)
    of_target, right = probabilities[np.arange(len(target)), target], target == prediction
    # Of two classes that are as probable, the first comes first, as in the prediction.
    earlier = (probabilities == of_target[:, None]) & (np.arange(len(task.class_names)) < target[:, None])
    rank = ((probabilities > of_target[:, None]) | earlier).sum(axis=1)
    columns = {"accuracy": right} | {f"top_{k}": rank < k for k in TOP if len(task.class_names) > k}
    # By hand: scikit-learn's log_loss wants every class in the test split and the classes sorted.
    columns["log_loss"] = np.log(1 / np.clip(of_target, np.finfo(np.float64).eps, 1))
    if PREDICTION_SET in predictions:
        sets = [parse_set(cell) for cell in predictions[PREDICTION_SET]]
        held = [name in names for name, names in zip(predictions["target"], sets, strict=True)]
        columns |= {"coverage": np.array(held), "set_size": np.array([len(names) for names in sets])}
    table = np.stack([column.astype(np.float64) for column in columns.values()], axis=1)
    flags = np.eye(len(task.class_names))
    counts = np.hstack([flags[target], flags[prediction], flags[target] * right[:, None]])
    gaps = _gaps(probabilities.max(axis=1), right)

    def of(weights: Floats) -> dict[str, Floats]:
        total = weights.sum(axis=1)
        found = dict(zip(columns, (weights @ table).T / total, strict=True))
        support, guessed, hits = np.split(weights @ counts, 3, axis=1)
        present = support > 0
        recall = hits / np.where(present, support, 1)  # of a class without targets: 0, and not counted
        f1 = 2 * hits / np.where(present, support + guessed, 1)
        found |= {"balanced_accuracy": recall.sum(axis=1) / present.sum(axis=1)}
        found |= {"macro_f1": f1.sum(axis=1) / present.sum(axis=1), "weighted_f1": (f1 * support).sum(axis=1) / total}
        found["calibration_error"] = np.abs(weights @ gaps).sum(axis=1) / total
        if len(task.class_names) == 2:
            found["roc_auc"] = _auc(probabilities[:, 1], target == 1, weights)
        return found

    return of


def _gaps(confidence: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Return N x BINS: right minus confidence, in the bin of the confidence (C. Guo et al., ICML 2017)."""
    place = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)
    gaps: Floats = np.eye(BINS)[place] * (right - confidence)[:, None]
    return gaps


def _auc(scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Return how often a positive scores above a negative, ties counting half; NaN where either is missing."""
    order = np.argsort(scores)
    scores, positive, weights = scores[order], positive[order], weights[:, order]
    negatives = np.cumsum(np.where(positive, 0, weights), axis=1)
    negatives = np.hstack([np.zeros((len(weights), 1)), negatives])
    below, up_to = (negatives[:, np.searchsorted(scores, scores, side)] for side in ("left", "right"))
    won = (np.where(positive, weights, 0) * (below + up_to) / 2).sum(axis=1)
    pairs = negatives[:, -1] * (weights.sum(axis=1) - negatives[:, -1])
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)
