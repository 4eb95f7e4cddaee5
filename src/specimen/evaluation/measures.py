"""From a task to the metrics of its predictions."""

from __future__ import annotations

from functools import singledispatch

import pandas as pd

from specimen.evaluation.class_measures import measure_classes
from specimen.evaluation.number_measures import measure_numbers
from specimen.evaluation.weighted import Measure
from specimen.models.task import Classification, Regression, Task


@singledispatch
def measure(task: Task, predictions: pd.DataFrame) -> Measure:
    """Return the function that measures a table with the column `target` and the columns of `task.decode`."""
    raise NotImplementedError(type(task).__name__)


@measure.register(Regression)
def _numbers(task: Regression, predictions: pd.DataFrame) -> Measure:
    return measure_numbers(predictions)


@measure.register(Classification)
def _classes(task: Classification, predictions: pd.DataFrame) -> Measure:
    return measure_classes(predictions, task.class_names)
