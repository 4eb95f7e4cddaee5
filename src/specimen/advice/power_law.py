"""From a learning curve to the error with more objects, and how far that may be off.

The mean loss with n objects is taken to be a + b n^-c: what no number of objects removes, and a power law (J. Hestness
et al., "Deep Learning Scaling is Predictable, Empirically", arXiv 1712.00409). Which a and c it is, a short curve does
not tell. So all of a grid are kept, each with the weight of its likelihood, and the interval is that of the mixture.
Each size counts the less, the more it differs from the largest one with the groups that are predicted and with the
order in which groups were added.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from specimen.advice.learning_curve import Curve
from specimen.advice.likeness import Floats

EXPONENTS = np.arange(0.2, 1.61, 0.1)
FLOORS = np.arange(0.0, 0.96, 0.05)
"""The share a of the loss at the largest size that was measured."""
MISFIT = 0.02
"""Standard deviation of the logarithm of a loss, by which no curve is a power law."""
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """The root of a mean loss (an RMSE), or a mean loss itself (a share of errors), with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PowerLaws:
    """All curves of the grid that were fitted to the logarithms of mean losses."""

    largest: float
    """Groups at the largest size that was measured."""
    exponents: Floats
    floors: Floats
    levels: Floats
    """The logarithm of the loss at that size."""
    weights: Floats
    variance: float
    """Of a level."""
    luck: float
    """Variance of what is measured with other groups in place of these, ..."""
    luck_of_change: float
    """... and of how much better that is than at half the size, on the same groups."""

    def predict(self, count: float) -> Estimate:
        """Return the mean loss with so many groups, and where one would be that is measured on other groups."""
        return self._mixture(self.levels + self._shapes(count), np.sqrt(self.variance + self.luck))

    def change(self, count: float) -> Estimate:
        """Return the mean loss with so many groups over that at the largest size, measured on the same groups."""
        return self._mixture(self._shapes(count), np.sqrt(self.luck_of_change))

    def _shapes(self, count: float) -> Floats:
        grown = (count / self.largest) ** -self.exponents
        return np.asarray(np.log(self.floors + (1 - self.floors) * grown))

    def _mixture(self, means: Floats, spread: float) -> Estimate:
        at = (0.5, (1 - LEVEL) / 2, (1 + LEVEL) / 2)
        return Estimate(*(float(np.exp(_quantile(means, self.weights, spread, share))) for share in at))


def fit(curve: Curve) -> PowerLaws:
    """Fit the grid to a curve; see the module."""
    losses = curve.losses.mean(axis=2)
    least = 0.5 / curve.losses.shape[2] if not losses.all() else 0.0
    means = np.maximum(losses.mean(axis=0), least)
    by_groups = _covariance_of_groups(curve, means)
    luck = np.var(losses / means, axis=0, ddof=1)
    half = int(np.abs(curve.sizes - curve.sizes[-1] / 2).argmin())
    # Of all groups there is one subset, but they could be others: a half of them varies by half of what any others of
    # this number would, and twice as many would vary by half as much.
    luck[-1] = luck[half]
    apart = np.maximum(np.diag(by_groups) + by_groups[-1, -1] - 2 * by_groups[-1], 0)
    precision = 1 / (luck / len(losses) + apart + MISFIT**2)
    exponents, floors = (grid.ravel() for grid in np.meshgrid(EXPONENTS, FLOORS))
    shapes = floors[:, None] + (1 - floors[:, None]) * (curve.sizes / curve.sizes[-1]) ** -exponents[:, None]
    rest = np.log(means) - np.log(shapes)
    levels = rest @ precision / precision.sum()
    fits = np.square(rest - levels[:, None]) @ precision
    weights = (1 - floors) * np.exp(-0.5 * (fits - fits.min()))
    return PowerLaws(
        largest=float(curve.sizes[-1]),
        exponents=exponents,
        floors=floors,
        levels=levels,
        weights=weights / weights.sum(),
        variance=float(1 / precision.sum() + by_groups[-1, -1]),
        luck=float(by_groups[-1, -1] + luck[-1]),
        luck_of_change=float(apart[half] + 1.5 * luck[-1] + MISFIT**2),
    )


def _covariance_of_groups(curve: Curve, means: Floats) -> Floats:
    """Return the covariance of the logarithms of the mean losses, S x S, as groups are drawn."""
    codes = pd.factorize(curve.groups)[0]
    losses = curve.losses.mean(axis=0)
    influence = np.zeros((codes.max() + 1, len(losses)))
    np.add.at(influence, codes, ((losses - means[:, None]) / means[:, None]).T / losses.shape[1])
    count = len(influence)
    return np.asarray(influence.T @ influence * count / max(count - 1, 1))


def _quantile(means: Floats, weights: Floats, spread: float, at: float) -> float:
    """Return a quantile of a mixture of normal distributions of the same spread."""
    low, high = means.min() - 8 * spread, means.max() + 8 * spread
    for _ in range(60):
        middle = (low + high) / 2
        below = float(weights @ ndtr((middle - means) / spread))
        low, high = (middle, high) if below < at else (low, middle)
    return float((low + high) / 2)
