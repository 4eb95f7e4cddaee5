"""The model as MLflow loads it: `mlflow.pyfunc.load_model(uri).predict(table)`."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from specimen.common.errors import SpecimenError
from specimen.data.readers.decode import decode
from specimen.inference.load import load_predictor
from specimen.models.faults import find_faults
from specimen.models.predictor import Predictor


@dataclass(frozen=True)
class Flavor:
    """What MLflow calls a Python function."""

    predictor: Predictor

    def predict(self, table: pd.DataFrame, params: object = None) -> pd.DataFrame:
        """Return the columns of the prediction, for a table with `image` (path or bytes of a file) and the features.

        Raises `DecodeError` for what is not an image, `SpecimenError` where the model gives no finite number.
        """
        meta = self.predictor.meta
        contents = [cell if isinstance(cell, bytes) else Path(cell).read_bytes() for cell in table["image"]]
        with warnings.catch_warnings():  # of damaged metadata; what else this process does keeps its filters
            warnings.filterwarnings("ignore", module=r"PIL\.")
            pictures = [decode(content, meta.image_size, meta.resize, meta.white_level)[0] for content in contents]
        images = np.stack(pictures)
        predictions = self.predictor.predict(images, table)
        for row, fault in find_faults(predictions, table, meta.features).items():
            raise SpecimenError(f"row {row} of the table: {fault}.")
        return predictions


def _load_pyfunc(path: str) -> Flavor:
    """Load the model; MLflow looks for a function of this name."""
    return Flavor(load_predictor(Path(path)))
