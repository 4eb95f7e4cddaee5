"""Which weights are trained: all, the head alone, or head, norm layers and biases."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn

from specimen.config.train import Train
from specimen.models.model import Model

NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)


def head_only(train: Train, epoch: int) -> bool:
    """Tell whether the backbone is frozen in an epoch (from 1): always, or at first."""
    return train.fine_tune == "head" or epoch <= train.freeze_epochs


def set_trainable(model: Model, train: Train, epoch: int) -> None:
    """Switch gradients on for what is trained in this epoch, off for the rest."""
    for parameter, is_trained in _parameters(model, train, epoch):
        parameter.requires_grad_(is_trained)


def trainable_share(model: Model, train: Train) -> float:
    """Return the share of the parameters that is trained, at the latest in the last epoch."""
    sizes = [(parameter.numel(), is_trained) for parameter, is_trained in _parameters(model, train, train.epochs)]
    return sum(size for size, is_trained in sizes if is_trained) / sum(size for size, _ in sizes)


def _parameters(model: Model, train: Train, epoch: int) -> Iterator[tuple[nn.Parameter, bool]]:
    """Yield each parameter, and whether it is trained in an epoch."""
    frozen = head_only(train, epoch)
    backbone = set() if model.backbone is None else set(model.backbone.modules())
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            small = name.endswith("bias") or isinstance(module, NORMS)
            yield parameter, module not in backbone or (not frozen and (train.fine_tune == "all" or small))


def set_mode(model: Model, train: Train, epoch: int) -> None:
    """Switch the model to training; a frozen backbone keeps its running statistics."""
    model.train()
    if model.backbone is not None and head_only(train, epoch):
        model.backbone.eval()
