"""How far a prediction may be trusted: intervals and sets of classes that hold the truth at a chosen rate.

Split-conformal prediction on the val split (J. Lei et al., "Distribution-free predictive inference for regression",
JASA 113, 2018). Photos of one object are alike, so each group weighs the same, however many photos it has (R. Dunn,
L. Wasserman and A. Ramdas, "Distribution-free prediction sets for two-layer hierarchical models", arXiv:1809.07441;
with the correction for a finite number of groups of Y. Lee, R. F. Barber and R. Willett, "Distribution-free inference
with hierarchical data", arXiv:2306.06342). Val also chose the best epoch, so the rate is slightly flattered.
"""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import log_softmax, softmax

from specimen.common.files import significant
from specimen.models.predictions import Floats
from specimen.models.task import AnyTask, Classification, Regression

TEMPERATURES = (0.02, 50.0)
TOLERANCE = 1e-9
"""For shares that are equal but for rounding, such as 0.9 and 9/10."""


@singledispatch
def calibrate(task: AnyTask, logits: Floats, targets: pd.Series[Any], groups: Any, coverage: float) -> AnyTask:
    """Return the task with what its `decode` needs to say how sure a prediction is.

    Logits N x num_outputs, `targets` as in the table and `groups`, N each, are from val; `coverage` is the share of the
    truths to hold. Where a logit is not a finite number, the task is returned unchanged.
    """
    raise NotImplementedError(type(task).__name__)


@calibrate.register(Regression)
def _calibrate_numbers(
    task: Regression, logits: Floats, targets: pd.Series[Any], groups: Any, coverage: float
) -> Regression:
    # In the transformed space, so that an interval of weights does not reach below zero and widens with the weight.
    errors = np.abs(task.encode(targets) - logits[:, 0].astype(np.float64))
    if not np.isfinite(errors).all():
        return task
    return replace(task, coverage=coverage, half_width=_rounded(group_quantile(errors, groups, coverage)))


@calibrate.register(Classification)
def _calibrate_classes(
    task: Classification, logits: Floats, targets: pd.Series[Any], groups: Any, coverage: float
) -> Classification:
    if not np.isfinite(logits).all():
        return task
    logits = logits.astype(np.float64)
    classes = task.encode(targets)
    temperature = _rounded(_temperature(logits, classes, groups))
    of_truth = softmax(logits / temperature, axis=1)[np.arange(len(classes)), classes]
    # Least ambiguous sets (M. Sadinle, J. Lei and L. Wasserman, JASA 114, 2019): every class at least so probable.
    threshold = -group_quantile(-of_truth, groups, coverage)
    return replace(task, coverage=coverage, temperature=temperature, threshold=_rounded(threshold))


def too_few_groups(groups: Any, coverage: float) -> str | None:
    """Return a warning where val has too few groups to promise `coverage`, so that the largest error seen is used."""
    count = len(pd.unique(np.asarray(groups)))
    if coverage <= count / (count + 1) + TOLERANCE:
        return None
    needed = int(np.ceil(coverage / (1 - coverage) - TOLERANCE))
    return (
        f"train.coverage: {coverage:g} takes {needed} groups in val, which has {count}; "
        f"the intervals can promise {count / (count + 1):.0%} at most."
    )


def group_quantile(scores: Floats, groups: Any, coverage: float) -> float:
    """Return the score that a share `coverage` of the groups stays within; a group not yet seen counts as one more."""
    weights = _group_weights(groups)
    order = np.argsort(scores, kind="stable")
    count = round(weights.sum())
    reached = np.cumsum(weights[order]) / (count + 1) >= coverage - TOLERANCE
    return float(scores[order][np.argmax(reached) if reached.any() else -1])


def _temperature(logits: Floats, classes: npt.NDArray[np.int64], groups: Any) -> float:
    """Return what to divide the logits by (C. Guo et al., "On calibration of modern neural networks", ICML 2017).

    The likeliest one, given the classes and a standard normal prior on its logarithm: where val has no mistake, the
    likelihood alone would take any temperature to zero, and the first mistake later would cost without limit.
    """
    from scipy.optimize import minimize_scalar  # noqa: PLC0415 - it takes a second, and only the end of training needs it

    weights = _group_weights(groups)
    rows = np.arange(len(classes))

    def badness(log_temperature: float) -> float:
        likelihoods = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, classes]
        return float(-weights @ likelihoods + log_temperature**2 / 2)

    minimum = minimize_scalar(badness, bounds=tuple(np.log(TEMPERATURES)), method="bounded")
    return float(np.exp(minimum.x))


def _group_weights(groups: Any) -> Floats:
    """Return weights of the rows that sum to 1 in each group."""
    codes, _ = pd.factorize(np.asarray(groups), use_na_sentinel=False)
    return 1 / np.bincount(codes)[codes]


def _rounded(value: float) -> float:
    """Drop the last digits, in which machines and numbers of threads differ."""
    return float(significant(np.array([value]))[0])
