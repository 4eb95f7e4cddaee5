"""The model as MLflow loads it: `mlflow.pyfunc.load_model(uri).predict(table)`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.data.readers.decode import decode
from specimen.inference.load import load_predictor
from specimen.models.predictor import Predictor


@dataclass(frozen=True)
class Flavor:
    """What MLflow calls a Python function."""

    predictor: Predictor

    def predict(self, table: pd.DataFrame, params: object = None) -> pd.DataFrame:
        """Return the columns of the prediction, for a table with `image` (path or bytes of a file) and the features.

        Raises `DecodeError` for what is not an image.
        """
        meta = self.predictor.meta
        contents = [cell if isinstance(cell, bytes) else Path(cell).read_bytes() for cell in table["image"]]
        pictures = [decode(content, meta.image_size, meta.resize, meta.white_level)[0] for content in contents]
        images = np.stack(pictures)
        return self.predictor.predict(images, table)


def _load_pyfunc(path: str) -> Flavor:
    """Load the model; MLflow looks for a function of this name."""
    return Flavor(load_predictor(Path(path)))
