"""The table of predictions: the names of the columns that a model adds to its samples, and how to read and write them.

Numbers have `prediction`, and if calibrated `low` and `high`; classes have `prediction`, `confidence`, `p: <class>` for
each class, and if calibrated `prediction_set`. A model that knows its training photos adds `distance` and `unlike`.
No other module writes or parses these names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

PREDICTION = "prediction"
"""A number in the unit of the target, or the name of a class."""
LOW = "low"
"""Lower end of the interval of a number, in its unit."""
HIGH = "high"
"""Upper end of the interval."""
CONFIDENCE = "confidence"
"""Probability of the predicted class."""
PREDICTION_SET = "prediction_set"
"""The classes that it may be, the most probable first; see `format_set`."""
DISTANCE = "distance"
"""How far the picture is from the training photos; 1 is the limit."""
UNLIKE = "unlike"
"""Whether the picture is beyond that limit."""

_PROBABILITY = "p: "

Floats = npt.NDArray[np.floating[Any]]


def probability_column(class_name: str) -> str:
    """Return the name of the column with the probability of a class."""
    return f"{_PROBABILITY}{class_name}"


def probability_columns(table: Iterable[Any]) -> list[str]:
    """Return which columns of a table (or which names) hold probabilities of classes, in their order."""
    return [name for name in map(str, table) if name.startswith(_PROBABILITY)]


def class_names_of(table: Iterable[Any]) -> list[str]:
    """Return the classes that have a column in a table, in their order."""
    return [name.removeprefix(_PROBABILITY) for name in probability_columns(table)]


def as_columns(probabilities: Floats, class_names: Sequence[str]) -> dict[str, Floats]:
    """Return probabilities, N x classes, as columns by name."""
    return {probability_column(name): probabilities[:, index] for index, name in enumerate(class_names)}


def probabilities_of(predictions: pd.DataFrame, class_names: Iterable[str]) -> npt.NDArray[np.float64]:
    """Return the probabilities of these classes, N x classes."""
    return predictions[[probability_column(name) for name in class_names]].to_numpy(np.float64)


def format_set(class_names: Sequence[str]) -> str:
    """Return a set of classes as the text of a cell."""
    return json.dumps(class_names, ensure_ascii=False)


def parse_set(cell: str) -> list[str]:
    """Return the classes in a cell that `format_set` has written."""
    class_names: list[str] = json.loads(cell)
    return class_names


def finite_rows(predictions: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Return for each row whether all its predicted numbers are finite, N."""
    columns = [name for name in (PREDICTION, LOW, HIGH) if name in predictions]
    numbers = predictions[[*columns, *probability_columns(predictions)]].select_dtypes("number")
    return np.asarray(np.isfinite(numbers.to_numpy(np.float64)).all(axis=1))


def text_columns(*, classes: bool) -> list[str]:
    """Return the columns to read as text, of predictions of classes or of numbers, even if they look like numbers."""
    return ["image", "image_md5", "group", "split", *(["target", PREDICTION] if classes else [])]


def read_predictions(path: Path, *, classes: bool) -> pd.DataFrame:
    """Read a table of predictions of classes or of numbers as `evaluate` writes it."""
    text = dict.fromkeys(text_columns(classes=classes), str)
    return pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""])
