"""The loaders of a training: pictures of the store, or their embeddings where the backbone is frozen for good."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import torch
from torch import nn
from torch.utils.data import DataLoader

from specimen.common.errors import SpecimenError
from specimen.config.train import Train
from specimen.data.dataset import features
from specimen.data.dataset.store import Store
from specimen.models.model import Head, Model
from specimen.models.task import Task
from specimen.training.batch_sampler import EpochBatchSampler
from specimen.training.batches import Batch, Progress, TabularArrays
from specimen.training.compute import Compute
from specimen.training.datasets import EmbeddingDataset, PictureDataset, make_loader
from specimen.training.embeddings import embed
from specimen.training.hardware import on_device
from specimen.training.transforms import batch_mix, train_transform


@dataclass(frozen=True)
class Loaders:
    """What a training reads."""

    train: DataLoader[Batch]
    train_batches: EpochBatchSampler
    """Chooses the batches of `train`; it must be told each epoch."""
    val: DataLoader[Batch]
    val_targets: pd.Series[Any]
    """In the order of `val`, as the store has them."""
    of_embeddings: bool = False
    """Whether the inputs are embeddings instead of pictures."""

    def network(self, model: Model) -> nn.Module:
        """Return the part of a model that the batches go through."""
        return Head(model) if self.of_embeddings else model


def make_loaders(
    store: Store, task: Task, model: Model, train: Train, compute: Compute, progress: Progress = iter
) -> Loaders:
    """Return loaders over the pictures; with a frozen backbone, over embeddings that are computed here, once.

    Raises `SpecimenError` where the samples or a batch cannot be shared among the processes.
    """
    group = compute.group
    rows = store.rows("train")
    val_rows = store.rows("val")
    _check_sizes(len(rows), train.batch_size, group.size)
    encoded = features.encode(store.samples, {name: store.meta.features[name] for name in train.features})
    columns = TabularArrays(encoded, task.encode(store.samples["target"]))
    images = on_device(store.images, compute.device)
    transform = train_transform(train.augment)
    mix = batch_mix(train.augment, task.num_outputs)
    share = slice(group.rank, None, group.size)
    pictures = PictureDataset(images, columns, transform, train.seed, mix, share)
    val_pictures = PictureDataset(images, columns)
    sampler = partial(EpochBatchSampler, batch_size=train.batch_size, rank=group.rank, processes=group.size)
    shuffled = sampler(rows, shuffle_seed=train.seed, whole=mix is not None)
    val_batches = sampler(val_rows)
    val_targets = store.samples["target"][val_rows]
    if model.backbone is not None and train.fine_tune != "head":
        loader = make_loader(pictures, shuffled, train.workers)
        return Loaders(loader, shuffled, make_loader(val_pictures, val_batches, train.workers), val_targets)
    if model.backbone is None:  # then no picture needs to be read
        embedded = val_embedded = torch.empty(1, len(images), 0)
    else:
        embedded = embed(model, compute, pictures, sampler(rows), train.views, progress)
        val_embedded = embed(model, compute, val_pictures, val_batches, 1, progress)
    loader = make_loader(EmbeddingDataset(embedded, columns), shuffled)
    val_loader = make_loader(EmbeddingDataset(val_embedded, columns), val_batches)
    return Loaders(loader, shuffled, val_loader, val_targets, of_embeddings=True)


def _check_sizes(samples: int, batch_size: int, processes: int) -> None:
    """Refuse what gives a process less than 2 samples in a batch: batch norm cannot learn from one."""
    if samples < 2 * processes:
        raise SpecimenError(f"split: train has {samples} samples, but each process ({processes}) needs at least 2.")
    if batch_size < 2 * processes or batch_size % processes:
        more = f", in equal shares for {processes} processes" if processes > 1 else ""
        raise SpecimenError(f"train.batch_size: {batch_size} is not possible. A batch has at least 2 samples{more}.")
