"""Regression and classification: the one place where they differ.

A task turns targets into what the loss wants and logits into the columns that a prediction adds to a table. All but the
loss is NumPy, so that a server needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import Field
from pydantic.dataclasses import dataclass

from specimen.common.errors import SpecimenError
from specimen.models.metric_registry import METRICS
from specimen.models.predictions import (
    CONFIDENCE,
    HIGH,
    LOW,
    PREDICTION,
    PREDICTION_SET,
    Floats,
    as_columns,
    format_set,
)

if TYPE_CHECKING:
    from torch import Tensor

TargetTransform = Literal["none", "log1p", "sqrt"]
Criterion = Literal["mse", "mae", "huber"]

_FORWARD: dict[str, Callable[[Floats], Floats]] = {"none": np.asarray, "log1p": np.log1p, "sqrt": np.sqrt}
_INVERSE: dict[str, Callable[[Floats], Floats]] = {"none": np.asarray, "log1p": np.expm1, "sqrt": np.square}


class Task(Protocol):
    """What train, evaluate and predict need to know of a task."""

    monitor: str
    """Name of the val metric that chooses the best epoch."""
    higher_is_better: bool

    @property
    def name(self) -> str:
        """As in `data.task`."""

    @property
    def num_outputs(self) -> int:
        """Number of logits per sample."""

    def encode(self, targets: pd.Series[Any]) -> npt.NDArray[Any]:
        """Return the targets as the loss wants them, one entry a sample."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch; logits N x num_outputs, targets as encoded."""

    def decode(self, logits: Floats) -> pd.DataFrame:
        """Return the columns of the prediction, `prediction` first, from logits N x num_outputs."""

    def score(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> float:
        """Return the monitored metric of decoded predictions."""


@dataclass(frozen=True)
class Regression:
    """One number a sample, transformed and standardised by the train split."""

    mean: float
    std: float
    """Of the transformed targets of the train split."""
    transform: TargetTransform
    criterion: Criterion
    coverage: float | None = None
    """Share of the truths that the interval of a prediction shall hold; None: not calibrated, no interval."""
    half_width: float | None = None
    """Of the interval, in standardised transformed units."""
    name: Literal["regression"] = "regression"

    monitor = "rmse"
    higher_is_better = METRICS[monitor].higher_is_better
    num_outputs = 1

    @classmethod
    def from_targets(cls, targets: pd.Series[Any], transform: TargetTransform, criterion: Criterion) -> Regression:
        """Standardise by these (train) targets. A constant target has no spread; 1 stands in for it."""
        values = _transformed(targets, transform)
        # Asked for the spread of a constant, rounding would answer 1e-17.
        std = float(values.std()) if values.min() < values.max() else 1.0
        return cls(float(values.mean()), std, transform, criterion)

    def encode(self, targets: pd.Series[Any]) -> npt.NDArray[np.float32]:
        """Return standardised targets, N."""
        values = _transformed(targets, self.transform)
        return np.asarray((values - self.mean) / self.std, dtype=np.float32)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean of the criterion over standardised targets."""
        from torch.nn import functional as F  # noqa: PLC0415 - a server predicts without torch

        criteria: dict[str, Callable[..., Tensor]] = {"mse": F.mse_loss, "mae": F.l1_loss, "huber": F.huber_loss}
        return criteria[self.criterion](logits.squeeze(1), targets)

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
            values = np.maximum(values, 0)  # both transforms live on targets from 0 up
        return _INVERSE[self.transform](values)

    def score(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> float:
        """Return the root mean squared error."""
        residuals = predictions[PREDICTION].to_numpy() - targets.to_numpy(np.float64)
        return float(np.sqrt(np.mean(residuals**2)))


def _transformed(targets: pd.Series[Any], transform: TargetTransform) -> Floats:
    values = targets.to_numpy(np.float64)
    if transform != "none" and (values < 0).any():
        raise SpecimenError(
            f"train.target_transform: {transform} is for targets from 0 up, but {(values < 0).sum()} are below, down "
            f"to {values.min():g}. Set it to none, or reject them with prepare.rules.label_out_of_range: {{min: 0}}."
        )
    return _FORWARD[transform](values)


def class_indices(labels: pd.Series[Any], class_names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index of each label among the class names, N; -1 for a label that is not among them."""
    return pd.Categorical(labels, categories=list(class_names)).codes.astype(np.int64)


@dataclass(frozen=True)
class Classification:
    """One class a sample."""

    class_names: tuple[str, ...]
    label_smoothing: float
    class_weights: tuple[float, ...] | None = None
    """How much the samples of each class count in the loss; None: all the same."""
    coverage: float | None = None
    """Share of the truths that the set of a prediction shall hold; None: not calibrated, no set."""
    temperature: float = 1.0
    """Logits are divided by it, so that a probability of 0.8 is right in 80 of 100 cases."""
    threshold: float | None = None
    """A class at least so probable is in the set."""
    name: Literal["classification"] = "classification"

    monitor = "accuracy"
    higher_is_better = METRICS[monitor].higher_is_better

    @classmethod
    def from_targets(
        cls, class_names: Sequence[str], targets: pd.Series[Any], label_smoothing: float, *, balanced: bool
    ) -> Classification:
        """Weigh the classes by their numbers in these (train) targets, if they are to be balanced."""
        weights = None
        if balanced:
            counts = targets.value_counts().reindex(list(class_names), fill_value=0).clip(lower=1)
            weights = tuple(float(weight) for weight in len(targets) / (len(class_names) * counts))
        return cls(tuple(class_names), label_smoothing, weights)

    @property
    def num_outputs(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def encode(self, targets: pd.Series[Any]) -> npt.NDArray[np.int64]:
        """Return class indices, N."""
        return class_indices(targets, self.class_names)

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean cross entropy of the samples, each times the weight of its class (1 on average)."""
        from torch.nn import functional as F  # noqa: PLC0415 - a server predicts without torch

        weights = None if self.class_weights is None else logits.new_tensor(self.class_weights)
        # Not divided by the weights of a batch, as torch would: the shares of two processes would have different ones.
        return F.cross_entropy(logits, targets, weights, reduction="none", label_smoothing=self.label_smoothing).mean()

    def decode(self, logits: Floats) -> pd.DataFrame:
        """Return `prediction` (a class name), `confidence`, and `p: <class>`, the probability of each class.

        If calibrated, there is also `prediction_set`: the classes that it may be, the most probable first.
        """
        logits = logits.astype(np.float64) / self.temperature
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        best = probabilities.argmax(axis=1)
        columns = {
            PREDICTION: np.array(self.class_names, dtype=object)[best],
            CONFIDENCE: probabilities.max(axis=1),
        }
        if self.threshold is not None:
            columns[PREDICTION_SET] = self._sets(probabilities, self.threshold)
        return pd.DataFrame(columns | as_columns(probabilities, self.class_names))

    def _sets(self, probabilities: Floats, threshold: float) -> npt.NDArray[np.object_]:
        """Return the classes from `threshold` up, the top class at least, each as the text of a cell."""
        order = np.argsort(-probabilities, axis=1, kind="stable")
        sizes = np.maximum((probabilities >= threshold).sum(axis=1), 1)
        lists = ([self.class_names[index] for index in row[:size]] for row, size in zip(order, sizes, strict=True))
        return np.array([format_set(names) for names in lists], dtype=object)

    def score(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> float:
        """Return the accuracy."""
        return float(np.mean(predictions[PREDICTION].to_numpy() == targets.to_numpy()))


AnyTask = Annotated[Regression | Classification, Field(discriminator="name")]
"""A task as a field of the facts of a model."""

TASKS: dict[str, type[Task]] = {"regression": Regression, "classification": Classification}
"""By the names of `data.task`."""
