"""The model as MLflow loads it: `mlflow.pyfunc.load_model(uri).predict(table)`."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from specimen.data.readers.folder_images import read_file
from specimen.data.readers.images import ImageNotFoundError
from specimen.data.readers.tables import Table
from specimen.inference.batch_prediction import predict_files
from specimen.inference.feature_table import Style, read_features, unknown_features
from specimen.inference.inputs import Input
from specimen.inference.load import load_predictor
from specimen.models.network import no_pictures
from specimen.models.predictor import Predictor

IMAGE = "image"
"""The column with the photos."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Flavor:
    """What MLflow calls a Python function."""

    predictor: Predictor

    def predict(self, table: pd.DataFrame, params: object = None) -> pd.DataFrame:
        """Return what `predict.py` writes of the same photos, without their names: predictions, and `error`.

        `table` has a column `image` (path or bytes of a file) and the features of the model; a feature without a
        column is missing. A model that sees no picture needs no `image`. Features are read as `predict.py` reads them,
        and what it would note goes to the log.
        """
        samples = self._features(table.reset_index(drop=True))
        if IMAGE not in table and not self.predictor.meta.sees_pictures:
            return self.predictor.predict(no_pictures(len(table)), samples)
        inputs = [_input(cell, row) for row, cell in enumerate(table[IMAGE])]
        with warnings.catch_warnings():  # of damaged metadata; what else this process does keeps its filters
            warnings.filterwarnings("ignore", module=r"PIL\.")
            tables = list(predict_files(self.predictor, inputs, samples))
        return pd.concat(tables).drop(columns="image").set_axis(table.index)

    def _features(self, table: pd.DataFrame) -> pd.DataFrame:
        features = self.predictor.meta.features
        given = {name: feature for name, feature in features.items() if name in table}
        dataset = self.predictor.meta.dataset
        cells = Table(Path("the table"), table.astype(object), [])
        values, notes = read_features(cells, given, Style(dataset.decimal, dataset.missing))
        for note in notes:
            _log.warning("%s", note)
        samples = unknown_features(len(table), features)
        samples[list(given)] = values
        return samples


def _input(cell: Any, row: int) -> Input:
    if isinstance(cell, bytes):
        return Input(f"row {row}", lambda: cell)
    return Input(str(cell), lambda: _read(cell))


def _read(cell: Any) -> bytes:
    if not isinstance(cell, (str, Path)):
        raise ImageNotFoundError("neither the path nor the bytes of a file")
    return read_file(Path(cell))


def _load_pyfunc(path: str) -> Flavor:
    """Load the model; MLflow looks for a function of this name."""
    return Flavor(load_predictor(Path(path)))
