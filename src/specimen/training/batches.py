"""Batches: samples that go through the model together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor


class Batch(NamedTuple):
    """Samples that go through the model together."""

    inputs: Tensor
    """Pictures, uint8, N x 3 x size x size, channels last in memory; or embeddings, N x width."""
    features: Tensor
    """As `features.encode` gives them, N x width."""
    targets: Tensor
    """As the task encodes them, N; with mixed classes their shares, N x classes."""


Progress = Callable[[Iterable[Batch]], Iterable[Batch]]
"""Passes batches through, and may show how far they are; `iter` shows nothing."""


@dataclass(frozen=True)
class SampleUse:
    """One use of a sample: its row, and the epoch, on which its augmentation depends."""

    epoch: int
    row: int


@dataclass(frozen=True)
class TabularArrays:
    """What the model needs of each row in addition to the picture."""

    features: npt.NDArray[np.float32]
    targets: npt.NDArray[Any]

    def batch(self, inputs: Tensor, rows: Sequence[int]) -> Batch:
        """Return the batch of these rows."""
        index = list(rows)
        return Batch(inputs, torch.from_numpy(self.features[index]), torch.from_numpy(self.targets[index]))
