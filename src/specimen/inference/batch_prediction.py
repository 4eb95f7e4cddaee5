"""Image files -> tables of predictions, batch by batch: the next files are decoded while the network computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pandas.api.extensions import ExtensionDtype

from specimen.common.prefetch import prefetch_map
from specimen.data.readers.decode import DecodeError, Picture, decode
from specimen.data.readers.images import ImageNotFoundError
from specimen.inference.inputs import Input
from specimen.models.faults import find_faults
from specimen.models.meta import ModelMeta
from specimen.models.predictor import Predictor

CHUNKS = 4
"""Chunks of a batch, each decoded by one thread."""


class Photo(NamedTuple):
    """A decoded photo, or the reason why there is none."""

    name: str
    picture: Picture | None
    error: str | None


def predict_files(predictor: Predictor, inputs: Sequence[Input], samples: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield tables with the columns `image`, those of the prediction, and `error`, in the order of the inputs.

    A file that is not a usable image has no prediction, and the reason in `error`; likewise where the model gives no
    finite number. `samples` has a row with the
    features of each input. All tables have the same columns of the same types, as .xlsx and .parquet require. Memory
    does not grow with the number of inputs.
    """
    chunk_size = max(1, predictor.batch_size // CHUNKS)
    chunks_per_batch = max(1, predictor.batch_size // chunk_size)

    def decode_chunk(start: int) -> list[Photo]:
        return [
            decode_photo(item.name, *read_photo(item), predictor.meta) for item in inputs[start : start + chunk_size]
        ]

    # Pillow releases the interpreter while it decodes, so threads are enough.
    chunks = prefetch_map(decode_chunk, range(0, len(inputs), chunk_size))
    start = 0
    while batch := list(islice(chunks, chunks_per_batch)):
        photos = [photo for chunk in batch for photo in chunk]
        end = start + len(photos)
        yield predict_photos(predictor, photos, samples.iloc[start:end])
        start = end


def read_photo(item: Input) -> tuple[bytes, str | None]:
    """Return the bytes of a photo, and why there are none."""
    try:
        return item.read(), None
    except (ImageNotFoundError, OSError) as error:
        return b"", str(error)
    except MemoryError as error:
        raise MemoryError(f"{item.name}: {error}") from error


def decode_photo(name: str, content: bytes, fault: str | None, meta: ModelMeta) -> Photo:
    """Return a photo as the model wants it, of the bytes of its file."""
    if fault is not None:
        return Photo(name, None, fault)
    try:
        picture, _ = decode(content, meta.image_size, meta.resize, meta.white_level)
    except (DecodeError, OSError) as error:
        return Photo(name, None, str(error))
    except MemoryError as error:
        raise MemoryError(f"{name}: {error}") from error
    return Photo(name, picture, None)


def predict_photos(predictor: Predictor, photos: Sequence[Photo], samples: pd.DataFrame) -> pd.DataFrame:
    """Return the table of one batch; see `predict_files`."""
    no_predictions = _with_gaps(predictor.empty_table())
    predictions, faults = _predict(predictor, photos, samples)
    table = predictions.reindex(columns=no_predictions.columns).astype(no_predictions.dtypes)
    table.insert(0, "image", pd.Series([photo.name for photo in photos], dtype="str"))
    table["error"] = pd.Series([faults.get(row, photo.error) for row, photo in enumerate(photos)], dtype="str")
    return table


def _predict(
    predictor: Predictor, photos: Sequence[Photo], samples: pd.DataFrame
) -> tuple[pd.DataFrame, dict[int, str]]:
    """Return a row for each photo, empty where there is no prediction, and by row why the model gives none."""
    pictures = {row: photo.picture for row, photo in enumerate(photos) if photo.picture is not None}
    if not pictures:
        return pd.DataFrame(index=range(len(photos))), {}
    rows = list(pictures)
    predictions = predictor.predict(np.stack(list(pictures.values())), samples.iloc[rows])
    found = find_faults(predictions, samples.iloc[rows], predictor.meta.features)
    faults = {rows[position]: fault for position, fault in found.items()}
    return predictions.set_axis(rows).drop(index=list(faults)).reindex(range(len(photos))), faults


def _with_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with columns of types that may have missing cells."""
    return table.astype({name: _type_with_gaps(dtype) for name, dtype in table.dtypes.items()})


def _type_with_gaps(dtype: np.dtype[Any] | ExtensionDtype) -> str:
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    return "float64" if pd.api.types.is_numeric_dtype(dtype) else "str"
