"""Predictions that are not finite numbers: which they are, and what they come from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from specimen.data.dataset.features import Features
from specimen.models.predictions import DISTANCE

FAR = 1e6
"""Standard score of a feature from which on it is named: no sample of a data set is as far from the mean."""


def find_faults(predictions: pd.DataFrame, samples: pd.DataFrame, features: Features) -> dict[int, str]:
    """Return why there is no prediction, by the position of each row that has none.

    `predictions` are columns of `Predictor.predict`, `samples` has the features of the same rows.
    """
    numbers = predictions.select_dtypes("number").drop(columns=DISTANCE, errors="ignore").to_numpy(np.float64)
    finite = np.isfinite(numbers).all(axis=1).tolist()
    return {row: _reason(samples.iloc[[row]], features) for row, whole in enumerate(finite) if not whole}


def _reason(sample: pd.DataFrame, features: Features) -> str:
    """Return a message for a table of one row that has no prediction."""
    far = [
        f"{name} = {sample[name].iloc[0]}"
        for name, feature in features.items()
        if not (np.abs(feature.encode(sample[name])) < FAR).all()
    ]
    cause = f"{', '.join(far)} is beyond all that it has learnt" if far else "its weights may be damaged"
    return f"the model computes a value that is not a finite number: {cause}"
