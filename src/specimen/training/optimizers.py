"""Optimizers and schedules."""

from __future__ import annotations

import math

import torch
from torch.optim.lr_scheduler import LambdaLR

from specimen.config.train import OptimizerName, ScheduleName
from specimen.models.model import Model

MOMENTUM = 0.9


def make_optimizer(
    model: Model, name: OptimizerName, *, lr: float, backbone_lr: float = 1.0, weight_decay: float = 0.0
) -> torch.optim.Optimizer:
    """Return the optimizer: weight decay on matrices and kernels alone, and `backbone_lr`, a share of `lr`."""
    groups = []
    for module, module_lr in ((model.backbone, lr * backbone_lr), (model.tabular, lr), (model.head, lr)):
        parameters = [] if module is None else list(module.parameters())
        matrices = [parameter for parameter in parameters if parameter.ndim > 1]
        vectors = [parameter for parameter in parameters if parameter.ndim <= 1]
        groups.append({"params": matrices, "lr": module_lr, "weight_decay": weight_decay})
        groups.append({"params": vectors, "lr": module_lr, "weight_decay": 0.0})
    groups = [group for group in groups if group["params"]]
    if name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, fused=True)
    if name == "adam":
        return torch.optim.Adam(groups, lr=lr, fused=True)
    return torch.optim.SGD(groups, lr=lr, momentum=MOMENTUM, nesterov=True, fused=True)


def make_schedule(optimizer: torch.optim.Optimizer, name: ScheduleName, *, steps: int, warmup: float) -> LambdaLR:
    """Return the schedule over all `steps` of the training; the learning rate climbs in a share `warmup` of them."""
    factor = {"cosine": cosine, "one_cycle": one_cycle, "constant": constant}[name]
    return LambdaLR(optimizer, lambda step: factor(step, steps, warmup))


def cosine(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a line, then down along a cosine."""
    climb = round(steps * warmup)
    return (step + 1) / climb if step < climb else _fall((step - climb) / max(1, steps - climb))


def constant(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a line, then level."""
    climb = round(steps * warmup)
    return (step + 1) / climb if step < climb else 1.0


def one_cycle(step: int, steps: int, warmup: float) -> float:
    """Return the share of the peak learning rate: up along a cosine from 1/25 of it, then down along one to zero.

    Source: L. N. Smith, N. Topin, "Super-Convergence", arXiv 1708.07120; the 25 is fastai's.
    """
    climb = round(steps * max(warmup, 0.01))
    if step < climb:
        return 1 - _fall(step / climb) * (1 - 1 / 25)
    return _fall((step - climb) / max(1, steps - climb))


def _fall(share: float) -> float:
    """Return a half cosine from 1 at 0 to 0 at 1."""
    return 0.5 * (1 + math.cos(math.pi * share))
