"""Labels that the folds doubt, the most doubtful first.

What is judged is a claim: that an object has a label. All photos of a group with the same label make one claim, since
somebody has weighed the plant once. Photos that agree with each other against the label count more than one alone.

- Numbers: how far the label is from the mean of the predictions, on the scale that is trained on. The median error of a
  fold is taken off first, for a model that predicts all plants too light says nothing about a single label; and the
  distance is measured in what 90 % of the fold's errors stay within, for not all folds are equally good.
- Classes: by how much another class is more probable than the label, as a logarithm of their odds, over all photos of
  the claim. Ranking by such a margin, and asking of the other class that it is at least as probable as it usually is
  where it is the label, is confident learning (C. Northcutt et al., "Confident Learning: Estimating Uncertainty in
  Dataset Labels", JAIR 70, 2021, arXiv 1911.00068). Where folds have prediction sets, it must be outside of them too.
"""

from __future__ import annotations

from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.advice.fold_predictions import FOLD
from specimen.advice.likeness import Floats, intraclass_correlation, sharpened
from specimen.models.predictions import HIGH, PREDICTION, PREDICTION_SET, parse_set, probabilities_of
from specimen.models.task import Classification, Regression, Task

LEAST = 1e-6
"""A probability below this says nothing more: it is the digits that predictions are written with."""
USUAL = 0.9
"""Share of a fold's errors that are called usual."""
COLUMNS = ["group", "target", "photos", "says", "score", "outside"]

Values = npt.NDArray[Any]


@singledispatch
def rank_claims(task: Task, predictions: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each claim, the most doubtful first.

    `predictions` is a table of `read_fold_predictions`. Columns: group, target, photos (how many), says (the model's
    number or class), score (see the module; the larger, the more doubtful) and outside (whether the label is beyond
    the interval of its fold, or not in the set). The index is that of `claims_of`.
    """
    raise NotImplementedError(type(task).__name__)


def claims_of(predictions: pd.DataFrame) -> pd.Series[int]:
    """Return the number of the claim that each row makes, N."""
    return predictions.groupby(["group", "target"], sort=False).ngroup()


@rank_claims.register(Regression)
def _numbers(task: Regression, predictions: pd.DataFrame) -> pd.DataFrame:
    said = task.transformed(predictions[PREDICTION])
    errors = pd.Series(task.transformed(predictions["target"]) - said, index=predictions.index)
    folds = predictions[FOLD]
    errors -= errors.groupby(folds).transform("median")
    claims = claims_of(predictions)
    distances = np.abs(_mean_by(claims, errors.to_numpy()))
    usual = errors.abs().groupby(folds).transform("quantile", USUAL).to_numpy()
    scores = np.abs(_mean_by(claims, errors.to_numpy() / np.maximum(usual, np.finfo(np.float64).tiny)))
    reach = _mean_by(claims, _half_widths(task, predictions, said, usual))
    says = _mean_by(claims, predictions[PREDICTION].to_numpy(np.float64))
    return _ranked(predictions, claims, says, scores * _sharpened(errors.to_numpy(), claims), distances > reach)


def _half_widths(task: Regression, predictions: pd.DataFrame, said: Values, usual: Floats) -> Floats:
    """Return how far the interval of each row reaches on the scale that is trained on, where a fold has one width.

    The largest of a fold, for an interval that would reach below zero is cut there. Without intervals it is `usual`.
    """
    if HIGH not in predictions:
        return usual
    reach = pd.Series(task.transformed(predictions[HIGH]) - said, index=predictions.index)
    return np.asarray(reach.groupby(predictions[FOLD]).transform("max"))


@rank_claims.register(Classification)
def _classes(task: Classification, predictions: pd.DataFrame) -> pd.DataFrame:
    names = np.array(task.class_names, dtype=object)
    probabilities = probabilities_of(predictions, task.class_names)
    logs = np.log(np.clip(probabilities, LEAST, 1))
    own = task.encode(predictions["target"])
    claims = claims_of(predictions)
    own_of_claim = pd.Series(own, index=predictions.index).groupby(claims.to_numpy()).first().to_numpy()
    means = np.stack([_mean_by(claims, column) for column in logs.T], axis=1)
    rows = np.arange(len(means))
    rivals = means.copy()
    rivals[rows, own_of_claim] = -np.inf
    rival = rivals.argmax(axis=1)
    margins = means[rows, rival] - means[rows, own_of_claim]
    usual = _usual_confidence(probabilities, own)
    outside = (margins > 0) & (np.exp(means[rows, rival]) >= usual[rival])
    if PREDICTION_SET in predictions:
        pairs = zip(predictions["target"], predictions[PREDICTION_SET], strict=True)
        holds = np.array([label in parse_set(cell) for label, cell in pairs], dtype=np.float64)
        outside &= _mean_by(claims, holds) < 0.5
    of_rows = logs[np.arange(len(logs)), rival[claims]] - logs[np.arange(len(logs)), own]
    scores = margins * np.where(margins > 0, _sharpened(of_rows, claims), 1)
    return _ranked(predictions, claims, names[means.argmax(axis=1)], scores, outside)


def _usual_confidence(probabilities: Floats, own: npt.NDArray[np.int64]) -> Floats:
    """Return the mean probability of each class where it is the label; 1 of a class without a sample."""
    counts = np.bincount(own, minlength=probabilities.shape[1])
    sums = np.bincount(own, probabilities[np.arange(len(own)), own], minlength=probabilities.shape[1])
    return np.where(counts > 0, sums / np.maximum(counts, 1), 1.0)


def _sharpened(values: Values, claims: pd.Series[int]) -> Floats:
    return sharpened(np.bincount(claims), intraclass_correlation(values, claims))


def _mean_by(claims: pd.Series[int], values: Values) -> Floats:
    return np.asarray(np.bincount(claims, values) / np.bincount(claims))


def _ranked(
    predictions: pd.DataFrame, claims: pd.Series[int], says: Values, scores: Floats, outside: Values
) -> pd.DataFrame:
    first = predictions.groupby(claims.to_numpy())[["group", "target"]].first()
    table = first.assign(photos=np.bincount(claims), says=says, score=scores, outside=outside)[COLUMNS]
    return table.sort_values("score", ascending=False, kind="stable")
