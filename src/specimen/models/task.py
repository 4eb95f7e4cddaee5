"""Regression and classification: what they have in common, and the one place that knows both.

A task turns targets into what the loss wants and logits into the columns that a prediction adds to a table. All but the
loss is NumPy, so that a server needs no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Protocol, Self

import numpy.typing as npt
import pandas as pd
from pydantic import Field

from specimen.models.classification import Classification
from specimen.models.predictions import Floats
from specimen.models.regression import Regression

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["TASKS", "AnyTask", "Classification", "Regression", "Task"]


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
        """Return the targets as the loss wants them, one entry for each sample."""

    def loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the mean loss of a batch; logits N x num_outputs, targets as encoded."""

    def uncalibrated(self) -> Self:
        """Return the task whose `decode` does not say how sure a prediction is."""

    def decode(self, logits: Floats) -> pd.DataFrame:
        """Return the columns of the prediction, `prediction` first, from logits N x num_outputs."""

    def scores(self, targets: pd.Series[Any], predictions: pd.DataFrame) -> dict[str, float]:
        """Return the metrics of decoded predictions that each epoch is measured by; the monitored one comes first."""


AnyTask = Annotated[Regression | Classification, Field(discriminator="name")]
"""A task as a field of the facts of a model."""

TASKS: dict[str, type[Task]] = {"regression": Regression, "classification": Classification}
"""By the names of `data.task`."""
