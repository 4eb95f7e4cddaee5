"""Which weights are trained: all, the head alone, or head, norm layers and biases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from torch import nn

from specimen.config.train import BatchNorm, FineTune, Train
from specimen.models.model import Model

BATCH_NORM = nn.modules.batchnorm._BatchNorm
NORMS = (BATCH_NORM, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)


@dataclass(frozen=True)
class FineTuning:
    """What is trained in which epoch, from `train.fine_tune`, `train.freeze_epochs` and `train.batch_norm`."""

    trained: FineTune = "all"
    freeze_epochs: int = 0
    batch_norm: BatchNorm = "train"

    @classmethod
    def of(cls, train: Train) -> Self:
        """Return what the params ask for."""
        return cls(train.fine_tune, train.freeze_epochs, train.batch_norm)

    def is_head_only(self, epoch: int) -> bool:
        """Return whether the backbone is frozen in an epoch (from 1): always, or at first."""
        return self.trained == "head" or epoch <= self.freeze_epochs

    def set_trainable(self, model: Model, epoch: int) -> None:
        """Switch gradients on for what is trained in this epoch, off for the rest."""
        for parameter, is_trained in self._parameters(model, epoch):
            parameter.requires_grad_(is_trained)

    def set_mode(self, model: Model, epoch: int) -> None:
        """Switch the model to training; a frozen backbone, and a frozen batch norm, keeps its running statistics."""
        model.train()
        if model.backbone is None:
            return
        if self.is_head_only(epoch):
            model.backbone.eval()
        elif self.batch_norm == "frozen":
            for module in model.backbone.modules():
                if isinstance(module, BATCH_NORM):
                    module.eval()

    def count(self, model: Model, epoch: int) -> tuple[int, int]:
        """Return how many parameters (numbers, not tensors) are trained in an epoch, and how many there are."""
        sizes = [(parameter.numel(), is_trained) for parameter, is_trained in self._parameters(model, epoch)]
        return sum(size for size, is_trained in sizes if is_trained), sum(size for size, _ in sizes)

    def _parameters(self, model: Model, epoch: int) -> Iterator[tuple[nn.Parameter, bool]]:
        """Yield each parameter, and whether it is trained in an epoch."""
        backbone = set() if model.backbone is None else set(model.backbone.modules())
        for module in model.modules():
            for name, parameter in module.named_parameters(recurse=False):
                if module not in backbone:
                    yield parameter, True
                elif self.is_head_only(epoch):
                    yield parameter, False
                else:
                    yield parameter, self.trained == "all" or isinstance(module, NORMS) or name.endswith("bias")
