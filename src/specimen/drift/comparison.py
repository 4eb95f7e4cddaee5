"""Are the photos of a period drawn from where those of training were, or those of the period before?

Photos of one day, or of one object, are alike. So each day (of training: each object) is one observation, the mean of
its photos, and all days count the same, however many photos they have. Two sets of days are compared by Welch's t-test,
which lets both vary by different amounts (B. L. Welch, Biometrika 34, 1947).

- Means of days are only as good as the number of objects behind them: 20 plants photographed on 10 days are 20 plants.
  Who they are is not known. So, unless told that each day brings new objects, the error of a period is at least that of
  the objects of a usual day (the median), each with as many photos as an object of training has.
- Outliers: what is averaged is asinh(z), z the distance from the median of training in robust standard deviations. It
  is z near 0 and grows like a logarithm far out. Unlike a median of each unit, it does not depend on how many photos a
  unit has.
- Many measures: of those called a drift, at most 5 % are false on average (Y. Benjamini and Y. Hochberg, Journal of the
  Royal Statistical Society B 57, 1995), and a drift is no smaller than 0.2 standard deviations, a "small effect" of
  J. Cohen, "Statistical Power Analysis for the Behavioral Sciences", 1988.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit
from scipy.stats import false_discovery_control

from specimen.drift.photo_table import PhotoTable

FALSE_DISCOVERIES = 0.05
SMALLEST = 0.2
"""Standard deviations of a training photo."""
FEWEST_UNITS = 5
"""With fewer days, one odd day decides."""
LEAST_SHARE = 0.01
"""A class with a smaller share varies as if it had this one: its few photos say little about how it varies."""
NORMAL_IQR = 1.349

Floats = npt.NDArray[np.float64]
Against = Literal["training", "before"]


@dataclass(frozen=True)
class Shift:
    """One measure, of a period and of what that is compared with."""

    measure: str
    against: Against
    now: float
    """Mean of the days, in the unit of the measure; `then` likewise."""
    then: float
    shift: float
    """In standard deviations of a training photo, those of outliers damped."""
    reach: float
    """How far a 95 % interval reaches to both sides of the shift."""
    p: float
    adjusted: float = np.nan
    """The share of false discoveries if this and all smaller values are called a drift."""

    @property
    def drifts(self) -> bool:
        """Whether the shift is real, as far as one can tell, and not negligible."""
        return self.adjusted <= FALSE_DISCOVERIES and abs(self.shift) >= SMALLEST


def compare(training: PhotoTable, before: PhotoTable, now: PhotoTable, *, new_objects: bool = False) -> list[Shift]:
    """Return each measure of a period against training and against the period before, where there is enough of both.

    `new_objects`: the photos of each day are of other objects.
    """
    shifts: list[Shift] = []
    for measure in map(str, now.values):
        scale = _Scale.of(training, measure, objects=not new_objects) or _Scale.of(before, measure, objects=False)
        if scale is None:
            continue
        current = _side(now, measure, scale)
        sides: dict[Against, _Side] = {
            "training": _side(training, measure, scale, objects=True),
            "before": _side(before, measure, scale),
        }
        enough = {against: side for against, side in sides.items() if min(side.units, current.units) >= FEWEST_UNITS}
        shifts += [_shift(measure, against, side, current) for against, side in enough.items()]
    if not shifts:
        return []
    adjusted = false_discovery_control([shift.p for shift in shifts])
    return [replace(shift, adjusted=float(share)) for shift, share in zip(shifts, adjusted, strict=True)]


@dataclass(frozen=True)
class _Scale:
    """How a measure is scored, and how its scores vary between objects."""

    centre: float
    width: float
    is_share: bool
    between: float = 0.0
    """Variance of the mean score of an object; 0 where objects are not known."""
    freedom: float = 1.0
    """Its degrees of freedom."""
    photos_of_object: float = 1.0

    @classmethod
    def of(cls, table: PhotoTable, measure: str, *, objects: bool = True) -> _Scale | None:
        """Return the scale of the photos of a table, `objects`: whose units are objects; None where it has none."""
        values, units = table.known(measure)
        if not len(values):
            return None
        scale = cls(*_centre_and_width(values, is_share=measure in table.shares), measure in table.shares)
        means = _Units.of(scale.scores(values), units).means
        if not objects or len(means) < 2:
            return scale
        return replace(
            scale, between=float(means.var(ddof=1)), freedom=len(means) - 1, photos_of_object=len(values) / len(means)
        )

    def scores(self, values: Floats) -> Floats:
        """Return how far values are from the centre, see the module."""
        scores = (values - self.centre) / self.width
        return scores if self.is_share else np.arcsinh(scores)


def _centre_and_width(values: Floats, *, is_share: bool) -> tuple[float, float]:
    if is_share:
        share = float(values.mean())
        bounded = float(np.clip(share, LEAST_SHARE, 1 - LEAST_SHARE))
        return share, float(np.sqrt(bounded * (1 - bounded)))
    low, centre, high = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    # More than half of the values may be equal, or all of them, as the sizes of photos are.
    return centre, (high - low) / NORMAL_IQR or float(values.std()) or max(abs(centre), 1.0) / 100


@dataclass(frozen=True)
class _Units:
    """How many values each unit has, and their mean."""

    counts: Floats
    means: Floats

    @classmethod
    def of(cls, values: Floats, units: npt.NDArray[np.intp]) -> _Units:
        counts = np.bincount(units)
        there = counts > 0
        return cls(counts[there].astype(np.float64), np.bincount(units, values)[there] / counts[there])


@dataclass(frozen=True)
class _Side:
    value: float
    score: float
    variance: float
    """Of `score`, the mean of the units."""
    freedom: float
    units: int


def _side(table: PhotoTable, measure: str, scale: _Scale, *, objects: bool = False) -> _Side:
    """Return the mean of the units of a table and how sure it is; `objects`: the units are objects, not days."""
    values, units = table.known(measure)
    found = _Units.of(scale.scores(values), units)
    count = len(found.means)
    if count < FEWEST_UNITS:
        return _Side(np.nan, np.nan, np.nan, np.nan, count)
    value = float(_Units.of(values, units).means.mean())
    variance, freedom = float(found.means.var(ddof=1)) / count, count - 1.0
    if not objects:
        seen = max(1.0, float(np.median(found.counts)) / scale.photos_of_object)
        if (least := scale.between / seen) > variance:
            variance, freedom = least, scale.freedom
    return _Side(value, float(found.means.mean()), variance, freedom, count)


def _shift(measure: str, against: Against, then: _Side, now: _Side) -> Shift:
    difference = now.score - then.score
    variance = now.variance + then.variance
    if variance <= 1e-18:  # both are constant; what is left is rounding
        p = 1.0 if abs(difference) < 1e-6 else 0.0
        return Shift(measure, against, now.value, then.value, difference, 0.0, p)
    # Welch's degrees of freedom, after F. E. Satterthwaite, Biometrics Bulletin 2, 1946.
    freedom = variance**2 / sum(side.variance**2 / side.freedom for side in (now, then))
    error = np.sqrt(variance)
    p = float(2 * stdtr(freedom, -abs(difference) / error))
    reach = float(stdtrit(freedom, 0.975) * error)
    return Shift(measure, against, now.value, then.value, difference, reach, p)
