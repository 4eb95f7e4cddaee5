"""The error of a linear head on frozen embeddings, learnt from more and more objects.

For each fold the objects of the others are put in random orders, and the first eighth, quarter, ... of an order teach
the head: nested subsets of whole groups, so that one size differs from the next by what was added alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import RidgeCV

from specimen.advice.likeness import Floats
from specimen.models.task import Classification, Regression, Task

SHARES = (1 / 8, 3 / 16, 1 / 4, 3 / 8, 1 / 2, 3 / 4, 1.0)
ORDERS = 16
FEWEST = 8
"""Groups that teach; with fewer, the error is that of no model worth the name."""
ALPHAS = np.logspace(-1, 5, 13)
"""Penalties of ridge regression; leaving out one sample after the other chooses."""


@dataclass(frozen=True)
class Curve:
    """Losses of each sample, by how many groups taught the head."""

    sizes: npt.NDArray[np.int64]
    """Groups that taught, S, ascending."""
    losses: Floats
    """ORDERS x S x N: squared errors on the scale that is trained on, standardised, or 1 for a wrong class."""
    groups: pd.Series[Any]

    def part(self, rows: npt.NDArray[np.bool_]) -> Curve:
        """Return the curve of some of the samples, taught by all."""
        return Curve(self.sizes, self.losses[:, :, rows], self.groups[rows])


def measure_curve(
    task: Task, columns: Floats, targets: pd.Series[Any], groups: pd.Series[Any], folds: npt.NDArray[Any], seed: int = 0
) -> Curve | None:
    """Return the curve of samples with `columns` N x width; None with too few groups for three sizes."""
    codes, names = pd.factorize(groups)
    splits = [(folds != fold, folds == fold) for fold in np.unique(folds)]
    smallest = min(len(np.unique(codes[train])) for train, _ in splits)
    shares = [share for share in SHARES if round(share * smallest) >= FEWEST]
    if len(shares) < 3:
        return None
    encoded = _encode(task, targets)
    losses = np.empty((ORDERS, len(shares), len(targets)))
    random = np.random.default_rng(seed)
    for train, test in splits:
        known = np.unique(codes[train])
        for order in range(ORDERS):
            place = np.full(len(names), len(names))
            place[random.permutation(known)] = np.arange(len(known))
            for size, share in enumerate(shares):
                if share == 1 and order:
                    losses[order, size, test] = losses[0, size, test]
                    continue
                rows = place[codes] < round(share * len(known))
                outputs = _teach(columns[rows], encoded[rows], columns[test])
                losses[order, size, test] = _losses(task, outputs, encoded[test])
    count = np.mean([len(np.unique(codes[train])) for train, _ in splits])
    return Curve(np.round(np.array(shares) * count).astype(np.int64), losses, groups)


def _teach(known: Floats, encoded: Floats, unknown: Floats) -> Floats:
    """Return the outputs of ridge regression for `unknown`."""
    head = RidgeCV(ALPHAS).fit(known, encoded)
    return np.asarray(head.predict(unknown)).reshape(len(unknown), -1)


@singledispatch
def _encode(task: Task, targets: pd.Series[Any]) -> Floats:
    raise NotImplementedError(type(task).__name__)


@_encode.register(Regression)
def _encode_numbers(task: Regression, targets: pd.Series[Any]) -> Floats:
    return task.encode(targets).astype(np.float64)


@_encode.register(Classification)
def _encode_classes(task: Classification, targets: pd.Series[Any]) -> Floats:
    return np.eye(task.num_outputs)[task.encode(targets)]


@singledispatch
def _losses(task: Task, outputs: Floats, encoded: Floats) -> Floats:
    raise NotImplementedError(type(task).__name__)


@_losses.register(Regression)
def _losses_of_numbers(task: Regression, outputs: Floats, encoded: Floats) -> Floats:
    return np.asarray(np.square(outputs[:, 0] - encoded))


@_losses.register(Classification)
def _losses_of_classes(task: Classification, outputs: Floats, encoded: Floats) -> Floats:
    return np.asarray(outputs.argmax(axis=1) != encoded.argmax(axis=1), dtype=np.float64)
