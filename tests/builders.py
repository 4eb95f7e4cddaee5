"""Facts of data sets and models as tests need them: complete, small, and changed where a test says so."""

from __future__ import annotations

from typing import Any

from specimen.data.dataset.features import CategoryFeature, NumberFeature
from specimen.data.dataset.meta import Counts, DatasetMeta
from specimen.evaluation.results import Baselines, Results, Scores
from specimen.models.meta import ModelMeta, TrainingFacts
from specimen.models.task import AnyTask, Classification, Regression

AGE = NumberFeature(median=4.0, mean=4.0, std=2.0)
SOIL = CategoryFeature(categories=("clay", "sand"))
NUMBERS = Regression(0.0, 1.0, "none", "mse")


def dataset_meta(**changes: Any) -> DatasetMeta:
    """Return the facts of a data set of 32 px pictures whose target is a weight in grams."""
    counts = Counts(rows=0, kept=0, without_group=0, rejected={}, warned={}, split={}, groups=0)
    facts: dict[str, Any] = {
        "task": "regression",
        "target": "fresh_weight",
        "unit": "g",
        "image_size": 32,
        "resize": "pad",
        "class_names": (),
        "train_target": None,
        "features": {},
        "counts": counts,
    }
    return DatasetMeta(**facts | changes)


def model_meta(task: AnyTask = NUMBERS, *, dataset: DatasetMeta | None = None, **changes: Any) -> ModelMeta:
    """Return the facts of a model of a data set, which by default is that of `dataset_meta` with the task's classes."""
    if dataset is None:
        classes = task.class_names if isinstance(task, Classification) else ()
        dataset = dataset_meta(task=task.name, class_names=classes)
    training = TrainingFacts(params={"lr": 1e-3}, precision="fp32", threads=1, best_epoch=1)
    facts: dict[str, Any] = {"backbone": "none", "training": training, "used_features": tuple(dataset.features)}
    return ModelMeta(dataset=dataset, task=task, **facts | changes)


def results(scores: Scores, **changes: Any) -> Results:
    """Return what was measured on the test split: these scores, and nothing besides but a guess of the mean."""
    facts: dict[str, Any] = {
        "by": {},
        "per_class": {},
        "unlike": None,
        "attention": None,
        "baselines": Baselines("mean", {}, None),
    }
    return Results(scores, **facts | changes)
