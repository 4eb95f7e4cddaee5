"""Embeddings computed once, for a frozen backbone: what it makes of a picture does not change from epoch to epoch."""

from __future__ import annotations

import torch
from torch import Tensor

from specimen.models.model import Model
from specimen.training.batch_sampler import EpochBatchSampler
from specimen.training.batches import Progress
from specimen.training.compute import Compute
from specimen.training.datasets import PictureDataset, make_loader


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
        batches.set_epoch(view)
        computed = [torch.empty(0, model.embedding_width)]
        for batch in progress(loader):
            if not len(batch.targets):  # with several processes the last batch may have too few rows for all
                continue
            with compute.autocast():
                computed.append(model.embed(batch.inputs.to(compute.device, non_blocking=True)).float().cpu())
        rows = [use.row for uses in batches for use in uses]
        for rows_of_process, values in compute.group.gather((rows, torch.cat(computed))):
            embedded[view, rows_of_process] = values
    return embedded
