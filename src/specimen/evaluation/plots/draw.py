"""How training went and how well the model predicts: the pictures of all tasks, and the way to those of one."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path
from typing import Any

import pandas as pd

from specimen.common.files import write_csv
from specimen.config.evaluate import Evaluate
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.store import Store
from specimen.evaluation import grad_cam
from specimen.evaluation.plots import galleries
from specimen.evaluation.plots.by_group import draw_by
from specimen.evaluation.plots.classification import draw_classification
from specimen.evaluation.plots.regression import draw_regression
from specimen.models.task import Classification, Regression, Task
from specimen.models.torch_network import TorchPredictor


@singledispatch
def draw_predictions(task: Task, predictions: pd.DataFrame, meta: DatasetMeta, pictures: Path, tables: Path) -> None:
    """Draw what shows best how the predictions of a task relate to the truth, into two folders.

    Whatever the task, `tables` gets a `calibration.csv`, so that `dvc.yaml` can name it; without rows, if there is
    nothing to show.
    """
    raise NotImplementedError(type(task).__name__)


draw_predictions.register(Regression, draw_regression)
draw_predictions.register(Classification, draw_classification)


def draw_plots(
    folders: tuple[Path, Path],
    predictions: pd.DataFrame,
    store: Store,
    predictor: TorchPredictor,
    evaluate: Evaluate,
    results: dict[str, Any],
) -> None:
    """Draw all plots of the test split into two new folders: pictures for people, tables for `dvc plots`."""
    pictures, tables = folders
    pictures.mkdir()
    tables.mkdir()
    task = predictor.task
    draw_predictions(task, predictions, store.meta, pictures, tables)
    draw_by(task.monitor, results, pictures, tables)
    write_csv(tables / "errors.csv", galleries.error_curve(task, predictions))
    if not store.images.shape[1]:
        return  # a table without pictures
    chosen = {
        "worst": ("Largest errors, test split", galleries.worst(task, predictions, evaluate.gallery)),
        "random": ("Drawn by lot from the test split", galleries.random_rows(predictions, evaluate.gallery)),
    }
    no_map = False
    for name, (title, samples) in chosen.items():
        images = store.images[samples.index]
        heat = grad_cam.heat(predictor, images, samples) if evaluate.explain else None
        no_map = heat is None
        galleries.write_samples(tables / f"{name}.csv", task, samples)
        captions = galleries.captions(task, samples, store.meta.unit)
        galleries.draw_samples(pictures / f"{name}.png", list(images), captions, heat, title)
    if evaluate.explain and no_map:
        print("evaluate.explain: the model has no map of features to look at, so the galleries show no heat")
