"""The loaders of a training: pictures of the store, or their embeddings where the backbone is frozen for good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
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
from specimen.training.batches import (
    Batch,
    EmbeddingDataset,
    EpochBatchSampler,
    PictureDataset,
    TabularArrays,
    make_loader,
)
from specimen.training.compute import Compute
from specimen.training.embeddings import Progress, embed
from specimen.training.hardware import on_device
from specimen.training.transforms import batch_mix, train_transform


@dataclass(frozen=True)
class Loaders:
    """What a training reads."""

    train: DataLoader[Batch]
    val: DataLoader[Batch]
    val_targets: pd.Series[Any]
    """In the order of `val`, as the store has them."""
    part: Callable[[Model], nn.Module]
    """What of the model the batches go through: all of it, or `Head` for embeddings."""


def make_loaders(
    store: Store, task: Task, model: Model, train: Train, compute: Compute, progress: Progress = iter
) -> Loaders:
    """Return loaders over the pictures; with a frozen backbone, over embeddings that are computed here, once.

    Raises `SpecimenError` where the samples or a batch do not go round among the processes.
    """
    rows, val_rows = store.rows("train"), store.rows("val")
    _check_sizes(len(rows), train.batch_size, compute.group.size)
    val_targets = store.samples["target"][val_rows]
    description = {name: store.meta.features[name] for name in train.features}
    columns = TabularArrays(features.encode(store.samples, description), task.encode(store.samples["target"]))
    images = on_device(store.images, compute.device)
    mix = batch_mix(train.augment, task.num_outputs)
    share = slice(compute.group.rank, None, compute.group.size)
    augmented = PictureDataset(images, columns, train_transform(train.augment), train.seed, mix, share)
    plain = PictureDataset(images, columns)

    def batches(
        of: npt.NDArray[np.int64], shuffle_seed: int | None = None, *, whole: bool = False
    ) -> EpochBatchSampler:
        return EpochBatchSampler(
            of, train.batch_size, shuffle_seed, compute.group.rank, compute.group.size, whole=whole
        )

    shuffled = batches(rows, train.seed, whole=mix is not None)
    if model.backbone is None:  # then no picture needs to be read
        embedded = val_embedded = torch.empty(1, len(images), 0)
    elif train.fine_tune == "head":
        embedded = embed(model, compute, augmented, batches(rows), train.views, progress)
        val_embedded = embed(model, compute, plain, batches(val_rows), 1, progress)
    else:
        loaders = make_loader(augmented, shuffled, train.workers), make_loader(plain, batches(val_rows), train.workers)
        return Loaders(*loaders, val_targets, lambda whole: whole)
    loader = make_loader(EmbeddingDataset(embedded, columns), shuffled)
    return Loaders(loader, make_loader(EmbeddingDataset(val_embedded, columns), batches(val_rows)), val_targets, Head)


def _check_sizes(samples: int, batch_size: int, processes: int) -> None:
    """Refuse what gives a process less than 2 samples a batch: batch norm cannot learn from one."""
    if samples < 2 * processes:
        raise SpecimenError(f"split: train has {samples} samples, but each process ({processes}) needs at least 2.")
    if batch_size < 2 * processes or batch_size % processes:
        more = f", in equal shares for {processes} processes" if processes > 1 else ""
        raise SpecimenError(f"train.batch_size: {batch_size} is not possible. A batch has at least 2 samples{more}.")
