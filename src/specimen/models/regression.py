"""Regression: targets and predictions are numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from specimen.data.dataset.targets import TargetTransform, check_transformable
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import HIGH, LOW, PREDICTION, Floats

if TYPE_CHECKING:
    from torch import Tensor

Criterion = Literal["mse", "mae", "huber"]

_FORWARD: dict[str, Callable[[Floats], Floats]] = {"none": np.asarray, "log1p": np.log1p, "sqrt": np.sqrt}
_INVERSE: dict[str, Callable[[Floats], Floats]] = {"none": np.asarray, "log1p": np.expm1, "sqrt": np.square}


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Regression:
    """One number for each sample, transformed and standardised by the train split."""

    mean: float
    std: float
    """Of the transformed targets of the train split."""
    transform: TargetTransform
    criterion: Criterion
    coverage: float | None = None
    """Share of the truths to be inside the intervals of their predictions; None: not calibrated, no interval."""
    half_width: float | None = None
    """Of the interval, in standardised transformed units."""
    name: Literal["regression"] = "regression"

    monitor = "rmse"
    higher_is_better = METRICS[monitor].higher_is_better
    num_outputs = 1

    @classmethod
    def from_targets(cls, targets: pd.Series[Any], transform: TargetTransform, criterion: Criterion) -> Regression:
        """Return the task that standardises by these (train) targets; a constant target has no spread, so 1 is used.

        Raises `SpecimenError` for a negative target where the transform takes none.
        """
        values = _transformed(targets, transform)
        # Asked for the spread of a constant, rounding would answer 1e-17.
        std = float(values.std()) if values.min() < values.max() else 1.0
        return cls(float(values.mean()), std, transform, criterion)

    def encode(self, targets: pd.Series[Any]) -> npt.NDArray[np.float32]:
        """Return standardised targets, N."""
        return np.asarray((self.transformed(targets) - self.mean) / self.std, dtype=np.float32)

    def transformed(self, targets: pd.Series[Any]) -> Floats:
        """Return transformed targets that are not standardised, N."""
        return _transformed(targets, self.transform)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of the criterion over standardised targets."""
        from torch.nn import functional as F  # noqa: PLC0415 - a server predicts without torch

        criteria: dict[str, Callable[..., Tensor]] = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
        return criteria[self.criterion](logits.squeeze(1), targets)

    def uncalibrated(self) -> Regression:
        """Return the task as it was before the end of training: predictions do not say how sure they are."""
        return replace(self, coverage=None, half_width=None)

    def decode(self, logits: Floats) -> pd.DataFrame:
        """Return `prediction` in the unit of the target; if calibrated, also its interval, `low` to `high`."""
        scores = logits[:, 0].astype(np.float64)
        columns = {PREDICTION: scores}
        if self.half_width is not None:
            columns[LOW] = scores - self.half_width
            columns[HIGH] = scores + self.half_width
        return pd.DataFrame({name: self._in_unit(values) for name, values in columns.items()})

    def _in_unit(self, scores: Floats) -> Floats:
        values = scores * self.std + self.mean
        if self.transform != "none":
            values = np.maximum(values, 0)  # both transforms are for targets from 0 up
        with np.errstate(over="ignore"):  # infinite is not a prediction, see `find_faults`
            return _INVERSE[self.transform](values)

    def scores(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> dict[str, float]:
        """Return the root mean squared error, and R2; of a constant target that is 1 if all are right, else 0."""
        truth = targets.to_numpy(np.float64)
        mse = np.mean((predictions[PREDICTION].to_numpy() - truth) ** 2)
        constant = truth.min() == truth.max()  # asked for the variance of a constant, rounding would answer 1e-34
        r2 = float(mse == 0) if constant else 1 - mse / truth.var()
        return {self.monitor: float(np.sqrt(mse)), "r2": float(r2)}


def _transformed(targets: pd.Series[Any], transform: TargetTransform) -> Floats:
    check_transformable(targets, transform)
    return _FORWARD[transform](targets.to_numpy(np.float64))
