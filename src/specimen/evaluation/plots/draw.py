"""How training went and how well the model predicts: the pictures of all tasks, and the way to those of one."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path
from typing import Any

import pandas as pd

from specimen.evaluation.plots.classification import draw_classification
from specimen.evaluation.plots.regression import draw_regression
from specimen.models.task import Classification, Regression, Task


@singledispatch
def draw(task: Task, predictions: pd.DataFrame, meta: dict[str, Any], pictures: Path, tables: Path) -> None:
    """Draw what shows best how the predictions of a task relate to the truth, into two folders.

    Whatever the task, `tables` gets a `calibration.csv`, so that `dvc.yaml` can name it; without rows, if there is
    nothing to show.
    """
    raise NotImplementedError(type(task).__name__)


draw.register(Regression, draw_regression)
draw.register(Classification, draw_classification)
