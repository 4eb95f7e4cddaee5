"""Logits and loss on the val split, put together from all processes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils.data import DataLoader

from specimen.models.task import Task
from specimen.training.batches import Batch
from specimen.training.compute import Compute

Logits = npt.NDArray[np.float32]
"""N x num_outputs."""
Share = tuple[list[Logits], list[float]]
"""What one process has of each batch: logits, and the sum of the losses (none for a batch without rows for it)."""


@torch.inference_mode()
def predict(network: nn.Module, task: Task, compute: Compute, loader: DataLoader[Batch]) -> tuple[Logits, float]:
    """Return the logits (N x num_outputs, float32) of a loader's rows, in their order, and the mean loss."""
    network.eval()
    logits: list[Logits] = []
    losses: list[float] = []
    for batch in loader:
        if not len(batch.targets):  # with several processes the last batch may have too few rows for all
            logits.append(np.empty((0, task.num_outputs), dtype=np.float32))
            continue
        moved = compute.move(batch)
        with compute.autocast():
            output = network(moved.inputs, moved.features).float()
        losses.append(float(task.loss(output, moved.targets)) * len(output))
        logits.append(output.cpu().numpy())
    return combine_shares(compute.group.gather((logits, losses)))


def combine_shares(shares: list[Share]) -> tuple[Logits, float]:
    """Return all logits and the mean loss; process r has rows r, r + size, r + 2 size, ... of each batch."""
    batches = []
    for of_batch in zip(*(logits for logits, _ in shares), strict=True):
        batch = np.empty((sum(map(len, of_batch)), of_batch[0].shape[1]), dtype=np.float32)
        for rank, logits in enumerate(of_batch):
            batch[rank :: len(of_batch)] = logits
        batches.append(batch)
    together = np.concatenate(batches)
    return together, sum(sum(losses) for _, losses in shares) / len(together)
