"""Which weights are trained: all, the head alone, or head, norm layers and biases."""

from __future__ import annotations

from torch import nn

from specimen.config.train import Train
from specimen.models.model import Model

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)


def head_only(train: Train, epoch: int) -> bool:
    """Tell whether the backbone is frozen in an epoch (from 1): always, or at first."""
    return train.fine_tune == "head" or epoch <= train.freeze_epochs


def set_trainable(model: Model, train: Train, epoch: int) -> None:
    """Switch gradients on for what is trained in this epoch, off for the rest."""
    frozen = head_only(train, epoch)
    for module in [] if model.backbone is None else model.backbone.modules():
        for name, parameter in module.named_parameters(recurse=False):
            small = name.endswith("bias") or isinstance(module, NORMS)
            parameter.requires_grad_(not frozen and (train.fine_tune == "all" or small))


def set_mode(model: Model, train: Train, epoch: int) -> None:
    """Switch the model to training; a frozen backbone keeps its running statistics."""
    model.train()
    if model.backbone is not None and head_only(train, epoch):
        model.backbone.eval()


def trainable_share(model: nn.Module) -> float:
    """Return the share of the parameters that is trained."""
    sizes = [(parameter.numel(), parameter.requires_grad) for parameter in model.parameters()]
    return sum(size for size, trained in sizes if trained) / sum(size for size, _ in sizes)
