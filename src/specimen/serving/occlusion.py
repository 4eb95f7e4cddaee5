"""What a model looks at: cover a part of the picture, and see how much the prediction changes.

Occlusion sensitivity of M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014 (arXiv
1311.2901), section 4.2. It needs nothing from the model but predictions, so it works for every backbone and runtime.
"""

from __future__ import annotations

from functools import singledispatch

import numpy as np
import numpy.typing as npt
import pandas as pd

from specimen.data.readers.decode import Picture
from specimen.models.predictions import PREDICTION, probability_column
from specimen.models.task import Classification, Regression, Task

CELLS = 8
"""Cells in a row and in a column. A patch covers two by two, so that what is on a border is not cut in half."""
PICTURES = 1 + CELLS**2
"""Pictures that `occluded` returns, and so predictions of one explanation."""


def occluded(picture: Picture, cells: int = CELLS) -> npt.NDArray[np.uint8]:
    """Return 1 + cells^2 pictures: the original, then one with a patch around each cell, row by row.

    The patch has the mean colour of the picture, which adds no edge or colour of its own.
    """
    size = len(picture)
    mean_colour = picture.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    pictures = np.repeat(picture[None], 1 + cells**2, axis=0)
    for cell, patched in enumerate(pictures[1:]):
        row, column = divmod(cell, cells)
        patched[_patch(row, size, cells), _patch(column, size, cells)] = mean_colour
    return pictures


def _patch(cell: int, size: int, cells: int) -> slice:
    """Return the pixels, along one side, of a cell with half of each neighbour."""
    step = size / cells
    return slice(max(0, round((cell - 0.5) * step)), min(size, round((cell + 1.5) * step)))


def heat_map(task: Task, predictions: pd.DataFrame, cells: int = CELLS) -> npt.NDArray[np.float64]:
    """Return by how much each patch changes the prediction, cells x cells, from the predictions of `occluded`.

    Numbers: the absolute change in their unit. Classes: how much probability the predicted class loses.
    """
    return _changes(task, predictions).reshape(cells, cells)


@singledispatch
def _changes(task: Task, predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    raise NotImplementedError(type(task))


@_changes.register
def _(task: Regression, predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = predictions[PREDICTION].to_numpy(np.float64)
    return np.asarray(np.abs(values[0] - values[1:]))


@_changes.register
def _(task: Classification, predictions: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = predictions[probability_column(predictions[PREDICTION].iloc[0])].to_numpy(np.float64)
    return np.asarray(np.maximum(values[0] - values[1:], 0))
