"""What a transform of the target asks of the labels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError

TargetTransform = Literal["none", "log1p", "sqrt"]


def check_transformable(targets: pd.Series[Any], transform: TargetTransform) -> None:
    """Raise `SpecimenError` where a transform is for targets from 0 up and some are below."""
    values = targets.to_numpy(np.float64)
    if transform != "none" and (values < 0).any():
        raise SpecimenError(
            f"train.target_transform: {transform} is for targets from 0 up, but {(values < 0).sum()} are below, down "
            f"to {values.min():g}. Set it to none, or reject them with prepare.rules.label_out_of_range: {{min: 0}}."
        )
