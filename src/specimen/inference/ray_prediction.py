"""Predictions on a Ray cluster: each batch of photos is decoded and predicted on one of its machines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from specimen.common.ray_map import shared_map
from specimen.inference.batch_prediction import decode_photo, predict_photos, read_photo
from specimen.inference.inputs import Input
from specimen.inference.load import load_predictor
from specimen.models.network import Precision
from specimen.models.predictor import Predictor


@dataclass(frozen=True)
class _Batch:
    """Photos with the bytes of their files (or why there are none), and their features."""

    photos: Sequence[tuple[str, bytes, str | None]]
    samples: pd.DataFrame


@dataclass(frozen=True)
class _Model:
    """A model file, as it is sent to other machines."""

    name: str
    content: bytes
    precision: Precision

    def predict(self, batch: _Batch) -> pd.DataFrame:
        """Return the table of a batch."""
        predictor = _load(self)
        photos = [decode_photo(*photo, predictor.meta) for photo in batch.photos]
        return predict_photos(predictor, photos, batch.samples)


def predict_on_ray(
    model: Path, precision: Precision, batch_size: int, inputs: Sequence[Input], samples: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Yield what `predict_files` does; its batches are those of one machine, and so are its predictions."""

    def read(start: int) -> _Batch:
        photos = inputs[start : start + batch_size]
        return _Batch([(item.name, *read_photo(item)) for item in photos], samples.iloc[start : start + batch_size])

    sent = _Model(model.name, model.read_bytes(), precision)
    return shared_map(read, sent.predict, range(0, len(inputs), batch_size))


@lru_cache(maxsize=1)
def _load(model: _Model) -> Predictor:
    """Load the model once in each process."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / model.name
        file.write_bytes(model.content)
        return load_predictor(file, model.precision)
