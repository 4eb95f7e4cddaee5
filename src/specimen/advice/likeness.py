"""How much the photos of one object say the same about it.

Two photos of one plant that disagree with its label are more than one, but not two independent witnesses: what makes
one of them hard may make both hard.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

WINSOR = 2.5
"""Robust standard deviations beyond which a value counts as this far out: wrong labels must not pass for likeness."""
NORMAL_MAD = 0.6745


def intraclass_correlation(values: Floats, objects: pd.Series[Any]) -> float:
    """Return how alike the values of one object are, from 0 to 1: the share of the variance that is between objects.

    One-way analysis of variance with the mean squared difference of two photos (R. A. Fisher, "Statistical Methods for
    Research Workers", 1925, section 38), on values whose outliers are drawn in. 1 where no object has two photos.
    """
    centre = float(np.median(values))
    spread = float(np.median(np.abs(values - centre))) / NORMAL_MAD
    calm = np.clip(values, centre - WINSOR * spread, centre + WINSOR * spread) if spread > 0 else values
    codes, _ = pd.factorize(objects)
    counts = np.bincount(codes)
    several = (counts > 1)[codes]
    freedom = int(several.sum() - (counts > 1).sum())
    total = float(calm.var())
    if freedom == 0 or total <= 0:
        return 1.0
    means = np.bincount(codes, calm) / counts
    within = float(np.square(calm - means[codes])[several].sum()) / freedom
    return float(np.clip(1 - within / total, 0, 1))


def sharpened(counts: npt.NDArray[np.int64], correlation: float) -> Floats:
    """Return how much more a mean of so many photos says than one photo does: 1 for one, up to sqrt(count)."""
    return np.asarray(1 / np.sqrt(correlation + (1 - correlation) / counts))
