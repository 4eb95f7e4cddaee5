"""Embeddings computed once, for a frozen backbone: what it makes of a picture does not change from epoch to epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

from specimen.models.model import Model
from specimen.training.batches import Batch, EpochBatchSampler, PictureDataset, make_loader
from specimen.training.compute import Compute

Progress = Callable[[Iterable[Batch]], Iterable[Batch]]


@torch.inference_mode()
def embed(
    model: Model,
    compute: Compute,
    dataset: PictureDataset,
    batches: EpochBatchSampler,
    views: int,
    progress: Progress = iter,
) -> Tensor:
    """Return float32 views x N x width for the N pictures of the data set: for the rows of `batches`, else 0.

    View v has the augmentation of epoch v. Several processes share the work.
    """
    model.eval()
    loader = make_loader(dataset, batches)
    embedded = torch.zeros(views, len(dataset.images), model.embedding_width)
    for view in range(views):
        batches.epoch = view
        parts = [torch.empty(0, model.embedding_width)]
        for batch in progress(loader):
            if not len(batch.targets):  # see `Batches`
                continue
            with compute.autocast():
                parts.append(model.embed(batch.inputs.to(compute.device, non_blocking=True)).float().cpu())
        mine = [draw.row for draws in batches for draw in draws]
        for rows, values in compute.group.gather((mine, torch.cat(parts))):
            embedded[view, rows] = values
    return embedded
