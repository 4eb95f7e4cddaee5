"""Classification: targets and predictions are names of classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from specimen.models.metric_registry import METRICS
from specimen.models.predictions import (
    CONFIDENCE,
    PREDICTION,
    PREDICTION_SET,
    Floats,
    as_columns,
    format_set,
)

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Classification:
    """One class for each sample."""

    class_names: tuple[str, ...]
    label_smoothing: float
    class_weights: tuple[float, ...] | None = None
    """How much the samples of each class count in the loss; None: all the same."""
    coverage: float | None = None
    """Share of the truths to be in the sets of their predictions; None: not calibrated, no set."""
    temperature: float = 1.0
    """Logits are divided by it, so that a probability of 0.8 is right in 80 of 100 cases."""
    threshold: float | None = None
    """A class that is at least this probable is in the set."""
    name: Literal["classification"] = "classification"

    monitor = "accuracy"
    higher_is_better = METRICS[monitor].higher_is_better

    @classmethod
    def from_targets(
        cls, class_names: Sequence[str], targets: pd.Series[Any], label_smoothing: float, *, balanced: bool
    ) -> Classification:
        """Return the task; if `balanced`, classes weigh the more the rarer they are in these (train) targets."""
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
        # torch would divide by the weights of the batch, which differ between the shares of two processes.
        return F.cross_entropy(logits, targets, weights, reduction="none", label_smoothing=self.label_smoothing).mean()

    def uncalibrated(self) -> Classification:
        """Return the task as it was before the end of training: predictions do not say how sure they are."""
        return replace(self, coverage=None, temperature=1.0, threshold=None)

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

    def scores(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> dict[str, float]:
        """Return the accuracy."""
        return {self.monitor: float(np.mean(predictions[PREDICTION].to_numpy() == targets.to_numpy()))}


def class_indices(labels: pd.Series[Any], class_names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return the index of each label among the class names, N; -1 for a label that is not among them."""
    return pd.Categorical(labels, categories=list(class_names)).codes.astype(np.int64)
