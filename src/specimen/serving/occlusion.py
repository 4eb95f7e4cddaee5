"""What a model looks at: cover a part of the picture, and see how much the prediction changes.

Occlusion sensitivity of M. Zeiler and R. Fergus, "Visualizing and Understanding Convolutional Networks", 2014 (arXiv
1311.2901), section 4.2. It asks nothing of the model but predictions, so it works for every backbone and runtime.
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
"""Cells in a row and in a column. A patch covers two by two, so that what lies on a border is not cut in half."""


def occluded(picture: Picture, cells: int = CELLS) -> npt.NDArray[np.uint8]:
    """Return 1 + cells^2 pictures: the whole one, then one with a patch around each cell, row by row.

    The patch has the mean colour of the picture, which adds no new edge or colour of its own.
    """
    size = len(picture)
    edges = np.linspace(0, size, cells + 1)
    step = size / cells
    colour = picture.reshape(-1, 3).mean(axis=0).round().astype(np.uint8)
    covered = np.repeat(picture[None], 1 + cells**2, axis=0)
    for row in range(cells):
        for column in range(cells):
            top, left = (max(0, round(edges[place] - step / 2)) for place in (row, column))
            bottom, right = (min(size, round(edges[place + 1] + step / 2)) for place in (row, column))
            covered[1 + row * cells + column, top:bottom, left:right] = colour
    return covered


def heat(task: Task, columns: pd.DataFrame, cells: int = CELLS) -> npt.NDArray[np.float64]:
    """Return by how much each patch changes the prediction, cells x cells, from the predictions of `occluded`.

    Numbers: the change in their unit, either way. Classes: the loss of probability of the class that is predicted.
    """
    return _changes(task, columns).reshape(cells, cells)


@singledispatch
def _changes(task: Task, columns: pd.DataFrame) -> npt.NDArray[np.float64]:
    raise NotImplementedError(type(task))


@_changes.register
def _(task: Regression, columns: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = columns[PREDICTION].to_numpy(np.float64)
    return np.asarray(np.abs(values[0] - values[1:]))


@_changes.register
def _(task: Classification, columns: pd.DataFrame) -> npt.NDArray[np.float64]:
    values = columns[probability_column(columns[PREDICTION].iloc[0])].to_numpy(np.float64)
    return np.asarray(np.maximum(values[0] - values[1:], 0))
