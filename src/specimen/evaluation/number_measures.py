"""How far predicted numbers are from the true ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from specimen.evaluation.jackknife import Floats
from specimen.evaluation.weighted import Measure, Metrics, SumTable
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
    means = {"mse": error**2, "mae": absolute, "bias": error}
    if np.abs(target).min() >= NEAR_ZERO * np.median(np.abs(target)) > 0:
        means["mape"] = np.abs(error / target)
    if LOW in predictions:
        low = predictions[LOW].to_numpy(np.float64)
        high = predictions[HIGH].to_numpy(np.float64)
        means["coverage"] = (low <= target) & (target <= high)
        means["interval_width"] = high - low
    centred = target - np.median(target)  # exactly 0 for a constant, as the mean need not be
    table = SumTable(len(target))
    for name, values in {**means, "centred": centred, "centred_squared": centred**2}.items():
        table.add(name, values)
    noise = 1e-12 * np.mean(centred**2)

    def of_sums(sums: Floats) -> Metrics:
        metrics = table.means(sums, list(means))
        mse = metrics["mse"]
        of_target = table.means(sums, ("centred", "centred_squared"))
        variance = of_target["centred_squared"] - of_target["centred"] ** 2
        constant = variance <= noise
        r2 = np.where(constant, mse == 0, 1 - mse / np.where(constant, 1, variance))
        return {"rmse": np.sqrt(mse), "r2": r2, **metrics}

    order = np.argsort(absolute, kind="stable")
    ordered = absolute[order]
    of_weights = {"median_ae": lambda weights: _median(ordered, weights[:, order])}
    return Measure(table.stacked(), of_sums, of_weights, {"median_ae": absolute})


def _median(values: Floats, weights: Floats) -> Floats:
    """Return the median of sorted values for each row of weights; between two, their mean."""
    reached = np.cumsum(weights, axis=1)
    half = reached[:, -1:] / 2
    lower = (reached < half).sum(axis=1)
    upper = np.minimum((reached <= half).sum(axis=1), len(values) - 1)
    return np.asarray((values[lower] + values[upper]) / 2)
