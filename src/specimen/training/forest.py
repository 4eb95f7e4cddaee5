"""Training of a random forest: grown at once, where a network takes epochs."""

from __future__ import annotations

import pandas as pd
import torch

from specimen.config.train import Train
from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.models.forest import grow_trees
from specimen.models.meta import ModelMeta
from specimen.models.model import Model, make_model
from specimen.models.network import no_pictures
from specimen.models.predictor import Predictor
from specimen.models.torch_network import make_torch_predictor
from specimen.training.epoch_records import EpochRecord
from specimen.training.setup import make_meta, make_task


def grow_model(store: Store, train: Train) -> tuple[Model, ModelMeta, EpochRecord]:
    """Return a forest of the train split, its facts, and what it reaches: its only epoch.

    Raises `SpecimenError` where data and params do not match.
    """
    samples = store.samples.iloc[store.rows("train")]
    task = make_task(store.meta, samples["target"], train)
    meta = make_meta(store.meta, task, train, precision="fp32", threads=None)
    model = make_model(meta.backbone, task.num_outputs, meta.image_size)
    model.tabular = grow_trees(task, features.encode(samples, meta.features), samples["target"], train.forest)
    predictor = make_torch_predictor(model.eval(), meta)
    train_loss, _ = _measure(predictor, samples)
    val_loss, val_metrics = _measure(predictor, store.samples.iloc[store.rows("val")])
    return model, meta, EpochRecord(1, None, train_loss, val_loss, val_metrics, best=True)


def _measure(predictor: Predictor, samples: pd.DataFrame) -> tuple[float, dict[str, float]]:
    """Return the loss and the metrics of some samples."""
    task = predictor.task
    logits = predictor.logits(no_pictures(len(samples)), samples)
    loss = task.loss(torch.from_numpy(logits), torch.from_numpy(task.encode(samples["target"])))
    return float(loss), task.scores(samples["target"], task.decode(logits))
