"""Where and how a batch is computed: device, precision, and the processes that share the work."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from specimen.models.device import pick_device, pick_precision
from specimen.models.model import Model
from specimen.training.batches import Batch
from specimen.training.distributed import ProcessGroup


def precision_name(precision: torch.dtype) -> str:
    """Return the name that params.yaml has for a precision."""
    return {torch.bfloat16: "bf16", torch.float32: "fp32"}[precision]


@dataclass(frozen=True)
class Compute:
    """A device with a precision, in one of `group.size` processes."""

    device: torch.device
    precision: torch.dtype
    group: ProcessGroup = field(default_factory=ProcessGroup)
    compiled: bool = False
    """Whether the steps of a training are."""

    def autocast(self) -> torch.autocast:
        """Return the context in which a model computes."""
        return torch.autocast(self.device.type, self.precision, enabled=self.precision != torch.float32)

    def move(self, batch: Batch) -> Batch:
        """Return the batch on the device."""
        return Batch(*(tensor.to(self.device, non_blocking=True) for tensor in batch))

    def prepare(self, model: Model) -> Model:
        """Return the model on the device; on several GPUs its batch norms see the batch of all of them."""
        if self.group.size > 1 and self.device.type == "cuda":
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        return model.to(self.device)

    def parallel(self, model: nn.Module) -> nn.Module:
        """Return a model whose gradients are the means over all processes."""
        if self.group.size == 1:
            return model
        on_gpu = self.device.type == "cuda"
        return DistributedDataParallel(model, device_ids=[self.group.local_rank] if on_gpu else None)


def pick_compute(device: str, precision: str, backbone: str, group: ProcessGroup | None = None) -> Compute:
    """Return what the params ask for, on this machine. Raises `SpecimenError` for a device that it does not have."""
    group = group or ProcessGroup()
    picked = pick_device(device, group.local_rank)
    return Compute(picked, pick_precision(precision, picked, backbone), group)
