"""A network, whichever library runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.uint8]
"""N x size x size x 3."""
Floats = npt.NDArray[np.float32]
Outputs = tuple[Floats, Floats | None]
"""Logits N x num_outputs, and how far the pictures are from the training photos, N; None where that is not known."""
Precision = Literal["fp32", "bf16", "auto"]
Progress = Callable[[Iterable[int]], Iterable[int]]


def no_pictures(count: int) -> Images:
    """Return so many pictures of no size, for a model that looks at none."""
    return np.empty((count, 0, 0, 3), np.uint8)


class Network(Protocol):
    """A network that is ready to be run."""

    def __call__(self, images: Images, features: Floats) -> Outputs:
        """Return the outputs for pictures and for encoded features, N x width."""
