"""What a training starts from, as data and params say."""

from __future__ import annotations

import builders
import pandas as pd

from specimen.config.train import Train
from specimen.models.task import Classification, Regression
from specimen.training.setup import make_task

TARGETS = pd.Series([0.0, 0.5, 3.0, 12.0, 250.0])


def test_a_task_is_made_from_what_the_store_says() -> None:
    train = Train(label_smoothing=0.2, target_transform="log1p")
    classes = builders.dataset_meta(task="classification", class_names=("a", "b"))
    assert make_task(classes, pd.Series(["a"]), train) == Classification(("a", "b"), 0.2)
    assert make_task(builders.dataset_meta(), TARGETS, train) == Regression.from_targets(TARGETS, "log1p", "mse")


def test_balanced_classes_are_weighed() -> None:
    classes = builders.dataset_meta(task="classification", class_names=("a", "b"))
    task = make_task(classes, pd.Series(["a", "a", "b", "a"]), Train(class_weights="balanced"))
    assert task == Classification(("a", "b"), 0.0, (4 / 6, 2.0))
