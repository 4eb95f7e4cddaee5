"""Image files -> tables of predictions, batch by batch: the next files are decoded while the network computes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from specimen.common.prefetch import prefetch_map
from specimen.config.base import Resize
from specimen.data.readers.decode import DecodeError, Picture, decode
from specimen.data.readers.images import ImageNotFoundError
from specimen.inference.inputs import Input
from specimen.models.predictor import Predictor

CHUNKS = 4
"""Parts of a batch, each decoded by one thread."""


def predict_files(predictor: Predictor, inputs: Sequence[Input], samples: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield tables with the columns `image`, those of the prediction, and `error`, in the order of the inputs.

    A file that is no usable image has no prediction, and the reason in `error`. `samples` has a row with the features
    of each input. Memory does not grow with the number of inputs.
    """
    meta, size = predictor.meta, predictor.batch_size
    step = max(1, size // CHUNKS)

    def read(start: int) -> list[Picture | str]:
        return [_read(item, meta.image_size, meta.resize) for item in inputs[start : start + step]]

    # Pillow lets go of the interpreter while it decodes, so threads are enough.
    chunks = prefetch_map(read, range(0, len(inputs), step))
    start = 0
    while parts := list(islice(chunks, max(1, size // step))):
        results = [result for part in parts for result in part]
        end = start + len(results)
        yield _predict(predictor, inputs[start:end], results, samples.iloc[start:end])
        start = end


def _read(item: Input, size: int, resize: Resize) -> Picture | str:
    """Return the picture, or why there is none."""
    try:
        return decode(item.read(), size, resize)[0]
    except (DecodeError, ImageNotFoundError, OSError) as error:
        return str(error)


def _predict(
    predictor: Predictor, inputs: Sequence[Input], results: list[Picture | str], samples: pd.DataFrame
) -> pd.DataFrame:
    good = [place for place, result in enumerate(results) if not isinstance(result, str)]
    # Columns and types as they always are, also where all files are bad: an .xlsx or .parquet has but one set of them.
    columns = predictor.columns(*predictor.empty_outputs(1))
    types = {name: _type(kind) for name, kind in columns.dtypes.items()}
    if good:
        pictures = np.stack([results[place] for place in good])
        columns = predictor.predict(pictures, samples.iloc[good]).set_axis(good)
    else:
        columns = columns.iloc[:0]
    table = columns.reindex(range(len(results))).astype(types)
    table.insert(0, "image", pd.Series([item.name for item in inputs], dtype="str"))
    table["error"] = pd.Series([result if isinstance(result, str) else None for result in results], dtype="str")
    return table


def _type(kind: Any) -> str:
    """Return the type of a column that may have gaps."""
    if pd.api.types.is_bool_dtype(kind):
        return "boolean"
    return "float64" if pd.api.types.is_numeric_dtype(kind) else "str"
