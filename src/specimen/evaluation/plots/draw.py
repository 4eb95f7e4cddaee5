"""The plots of the test split: how predictions relate to the truth, by task, and galleries of single samples."""

from __future__ import annotations

from functools import singledispatch
from pathlib import Path

import pandas as pd

from specimen.config.evaluate import GALLERIES, Evaluate
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.store import Store
from specimen.evaluation.attribution import heat_maps
from specimen.evaluation.plots import galleries
from specimen.evaluation.plots.classification import draw_classification
from specimen.evaluation.plots.regression import draw_regression
from specimen.models.task import Classification, Regression, Task
from specimen.models.torch_network import TorchPredictor


@singledispatch
def draw_predictions(task: Task, predictions: pd.DataFrame, meta: DatasetMeta, pictures: Path, tables: Path) -> None:
    """Draw how the predictions of a task relate to the truth, into two folders.

    Whatever the task, `tables` gets a `calibration.csv`, so that `dvc.yaml` can name it; it has no rows where there
    is nothing to show.
    """
    raise NotImplementedError(type(task).__name__)


draw_predictions.register(Regression, draw_regression)
draw_predictions.register(Classification, draw_classification)


def draw_galleries(
    predictor: TorchPredictor,
    predictions: pd.DataFrame,
    store: Store,
    params: Evaluate,
    pictures: Path,
    tables: Path,
) -> None:
    """Draw the worst samples and some random ones, with what the model looked at, and write them as tables.

    Samples without pictures have no gallery.
    """
    if not store.images.shape[1]:
        return
    task = predictor.task
    chosen = (
        ("Largest errors, test split", galleries.worst(task, predictions, params.gallery)),
        ("Random samples of the test split", galleries.random_rows(predictions, params.gallery)),
    )
    for name, (title, samples) in zip(GALLERIES, chosen, strict=True):
        images = store.images[samples.index]
        heat = heat_maps(predictor, images, samples) if params.explain else None
        captions = galleries.captions(task, samples, store.meta.unit)
        galleries.write_samples(tables / f"{name}.csv", task, samples)
        galleries.draw_samples(pictures / f"{name}.png", list(images), captions, heat, title)
