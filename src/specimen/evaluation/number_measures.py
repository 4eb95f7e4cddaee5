"""How far predicted numbers are from the true ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from specimen.evaluation.bootstrap import Floats
from specimen.evaluation.weighted import Measure, weighted_means
from specimen.models.predictions import HIGH, LOW, PREDICTION

NEAR_ZERO = 0.25
"""A target below this share of the median target is so near to zero that its error in percent would drown the rest."""


def measure_numbers(predictions: pd.DataFrame) -> Measure:
    """Return the function that measures a table with the columns `target`, `prediction` and perhaps `low` and `high`.

    Metrics: rmse, mae, median_ae, r2, bias (prediction minus target), mse, mape, coverage and interval_width. mape, a
    share and not a percentage, is there where every target stays away from zero (see `NEAR_ZERO`), the last two where
    predictions have intervals. r2 of a constant target is 1 if all predictions are right, else 0.
    """
    target = predictions["target"].to_numpy(np.float64)
    error = predictions[PREDICTION].to_numpy(np.float64) - target
    absolute = np.abs(error)
    columns = {"mse": error**2, "mae": absolute, "bias": error}
    if np.abs(target).min() >= NEAR_ZERO * np.median(np.abs(target)) > 0:
        columns["mape"] = np.abs(error / target)
    if LOW in predictions:
        low = predictions[LOW].to_numpy(np.float64)
        high = predictions[HIGH].to_numpy(np.float64)
        columns["coverage"] = (low <= target) & (target <= high)
        columns["interval_width"] = high - low
    centred = target - np.median(target)  # exactly 0 for a constant, as the mean need not be
    columns["centred"] = centred
    columns["centred_squared"] = centred**2
    means_of = weighted_means(columns)
    order = np.argsort(absolute)
    ordered = absolute[order]
    noise = 1e-12 * np.mean(centred**2)

    def measured(weights: Floats) -> dict[str, Floats]:
        means = means_of(weights)
        mse = means["mse"]
        variance = means["centred_squared"] - means["centred"] ** 2
        constant = variance <= noise
        metrics = {
            "rmse": np.sqrt(mse),
            "mae": means["mae"],
            "median_ae": _median(ordered, weights[:, order]),
            "r2": np.where(constant, mse == 0, 1 - mse / np.where(constant, 1, variance)),
            "bias": means["bias"],
            "mse": mse,
        }
        for name in ("mape", "coverage", "interval_width"):
            if name in means:
                metrics[name] = means[name]
        return metrics

    return measured


def _median(values: Floats, weights: Floats) -> Floats:
    """Return the median of sorted values for each row of weights; between two, their mean."""
    reached = np.cumsum(weights, axis=1)
    half = reached[:, -1:] / 2
    lower = (reached < half).sum(axis=1)
    upper = np.minimum((reached <= half).sum(axis=1), len(values) - 1)
    return np.asarray((values[lower] + values[upper]) / 2)
