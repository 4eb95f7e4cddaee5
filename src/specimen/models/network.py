"""What runs a network, whichever library it is of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    pass


Images = npt.NDArray[np.uint8]
"""N x size x size x 3."""
Floats = npt.NDArray[np.float32]
Outputs = tuple[Floats, Floats | None]
"""Logits N x num_outputs, and how unlike the training photos the pictures are, N; None where that is not known."""
Precision = Literal["fp32", "bf16", "auto"]
Progress = Callable[[Iterable[int]], Iterable[int]]


class Network(Protocol):
    """A network in the hands of the library that runs it."""

    def __call__(self, images: Images, features: Floats) -> Outputs:
        """Return what it makes of pictures and of features N x width."""
