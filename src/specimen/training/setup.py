"""What a training starts from: task, model, loaders, and the facts that will travel with the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import torch

from specimen.common.errors import SpecimenError, accepted_hint
from specimen.config.train import Train
from specimen.data.dataset.meta import DatasetMeta
from specimen.data.dataset.store import Store
from specimen.models.meta import ModelMeta, TrainingFacts
from specimen.models.model import Model, make_model
from specimen.models.task import AnyTask, Classification, Regression
from specimen.training.batches import Progress
from specimen.training.compute import Compute, precision_name
from specimen.training.loaders import Loaders, make_loaders

RUNTIME_ONLY = {"launcher", "device", "workers", "track"}
"""Params that say how to compute, and change nothing in the result."""


@dataclass(frozen=True)
class TrainingSetup:
    """All that is made before the first epoch."""

    task: AnyTask
    model: Model
    """On the device."""
    loaders: Loaders
    meta: ModelMeta


def set_up_training(store: Store, train: Train, compute: Compute, progress: Progress = iter) -> TrainingSetup:
    """Return what the params ask for. Raises `SpecimenError` where data and params do not match."""
    task = make_task(store.meta, store.samples["target"][store.rows("train")], train)
    threads = torch.get_num_threads() if compute.device.type == "cpu" else None
    meta = make_meta(store.meta, task, train, precision_name(compute.precision), threads, compiled=compute.compiled)
    torch.manual_seed(train.seed)
    model = make_model(meta.backbone, task.num_outputs, meta.image_size, train.weights, meta.features_width)
    model = compute.prepare(model)
    return TrainingSetup(task, model, make_loaders(store, task, model, train, compute, progress), meta)


def make_task(dataset: DatasetMeta, train_targets: pd.Series[Any], train: Train) -> AnyTask:
    """Return the task of a data set, with what is known of it from the targets of the train split."""
    if dataset.task == "classification":
        balanced = train.class_weights == "balanced"
        return Classification.from_targets(dataset.class_names, train_targets, train.label_smoothing, balanced=balanced)
    return Regression.from_targets(train_targets, train.target_transform, train.loss)


def make_meta(
    dataset: DatasetMeta, task: AnyTask, train: Train, precision: str, threads: int | None, *, compiled: bool = False
) -> ModelMeta:
    """Return the facts of a model before its training. Raises `SpecimenError` for features that are not in the data."""
    for name in train.features:
        if name not in dataset.features:
            known = accepted_hint(name, dataset.features)
            raise SpecimenError(f"train.features: '{name}' is not in the prepared data. {known}")
    return ModelMeta(
        dataset=dataset,
        task=task,
        backbone=train.backbone,
        used_features=train.features,
        training=TrainingFacts(
            params=train.model_dump(mode="json", exclude=RUNTIME_ONLY.union(train.ignored)),
            precision=precision,
            threads=threads,
            compiled=compiled,
        ),
    )
