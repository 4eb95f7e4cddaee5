"""How often predicted classes are right, and how far their probabilities may be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.evaluation.jackknife import Floats
from specimen.evaluation.weighted import Measure, Metrics, SumTable
from specimen.models.classification import class_indices
from specimen.models.predictions import PREDICTION, PREDICTION_SET, parse_set, probabilities_of

BINS = 15
"""Of the confidences, for the calibration error, as in the paper."""
TOP = (3, 5)


def measure_classes(predictions: pd.DataFrame, class_names: Sequence[str]) -> Measure:
    """Return the function that measures a table with the column `target` and the columns of predicted classes.

    Metrics: accuracy, top_3, top_5, log_loss, coverage, set_size, balanced_accuracy, macro_f1, weighted_f1,
    calibration_error and roc_auc. Means over classes are over those that occur among the targets. top_3 and top_5 are
    there where there are more classes, roc_auc (of the second class) where there are two, coverage and set_size where
    predictions have sets.
    """
    target = class_indices(predictions["target"], class_names)
    predicted = class_indices(predictions[PREDICTION], class_names)
    probabilities = probabilities_of(predictions, class_names)
    of_target = probabilities[np.arange(len(target)), target]
    right = target == predicted
    rank = _rank(probabilities, target)
    means: dict[str, npt.NDArray[Any]] = {"accuracy": right}
    means |= {f"top_{k}": rank < k for k in TOP if len(class_names) > k}
    # By hand: scikit-learn's log_loss wants every class in the test split and the classes sorted.
    means["log_loss"] = np.log(1 / np.clip(of_target, np.finfo(np.float64).eps, 1))
    if PREDICTION_SET in predictions:
        sets = [parse_set(cell) for cell in predictions[PREDICTION_SET]]
        means["coverage"] = np.array([name in held for name, held in zip(predictions["target"], sets, strict=True)])
        means["set_size"] = np.array([len(held) for held in sets])
    flags = np.eye(len(class_names))
    table = SumTable(len(target))
    for name, values in means.items():
        table.add(name, values)
    table.add("support", flags[target])
    table.add("guessed", flags[predicted])
    table.add("hits", flags[target] * right[:, None])
    table.add("gaps", _gaps(probabilities.max(axis=1), right))

    def of_sums(sums: Floats) -> Metrics:
        metrics = table.means(sums, list(means))
        total, support, guessed, hits, gaps = (
            table.sums(sums, name) for name in ("weight", "support", "guessed", "hits", "gaps")
        )
        present = support > 0
        recall = hits / np.where(present, support, 1)  # of a class without targets: 0, and not counted
        f1 = 2 * hits / np.where(present, support + guessed, 1)
        metrics["balanced_accuracy"] = recall.sum(axis=1) / present.sum(axis=1)
        metrics["macro_f1"] = f1.sum(axis=1) / present.sum(axis=1)
        metrics["weighted_f1"] = (f1 * support).sum(axis=1) / total[:, 0]
        metrics["calibration_error"] = np.abs(gaps).sum(axis=1) / total[:, 0]
        return metrics

    of_weights = {}
    if len(class_names) == 2:
        of_weights["roc_auc"] = lambda weights: _auc(probabilities[:, 1], target == 1, weights)
    return Measure(table.stacked(), of_sums, of_weights)


def _rank(probabilities: Floats, target: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many classes come before the true one, N: of two as probable, the first one, as in the prediction."""
    of_target = probabilities[np.arange(len(target)), target][:, None]
    before = np.arange(probabilities.shape[1]) < target[:, None]
    first = (probabilities > of_target) | ((probabilities == of_target) & before)
    return np.asarray(first.sum(axis=1))


def _gaps(confidence: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Return N x BINS: right minus confidence, in the bin of the confidence (C. Guo et al., ICML 2017)."""
    bins = np.clip(np.ceil(confidence * BINS) - 1, 0, BINS - 1).astype(np.int64)
    gaps: Floats = np.eye(BINS)[bins] * (right - confidence)[:, None]
    return gaps


def _auc(scores: Floats, positive: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Return how often a positive scores above a negative, ties counting half; NaN where either is missing."""
    order = np.argsort(scores)
    scores = scores[order]
    positive = positive[order]
    weights = weights[:, order]
    negatives = np.cumsum(np.where(positive, 0, weights), axis=1)
    negatives = np.hstack([np.zeros((len(weights), 1)), negatives])
    below = negatives[:, np.searchsorted(scores, scores, "left")]
    up_to = negatives[:, np.searchsorted(scores, scores, "right")]
    won = (np.where(positive, weights, 0) * (below + up_to) / 2).sum(axis=1)
    pairs = negatives[:, -1] * (weights.sum(axis=1) - negatives[:, -1])
    return np.where(pairs > 0, won / np.where(pairs > 0, pairs, 1), np.nan)
